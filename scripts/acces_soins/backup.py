"""Backup and restore of what cannot be made again: raw zone, quarantine, register and frozen releases."""

import tarfile
import zlib
from pathlib import Path, PurePosixPath

from acces_soins import proof
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.settings import Settings, get_settings

PARTS = ("brut", "quarantaine", "registre", "publication/releases")


def backup(archive: Path) -> int:
    """Write a .tar.gz of the irreplaceable folders; returns the number of files.

    The archive appears whole under its name, or not at all.
    """
    settings = get_settings()
    archive = archive.expanduser().resolve()
    if archive.exists():
        raise ConfigurationError(f"{archive} existe déjà : choisir un autre nom, rien n'est écrasé.")
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_name(f".{archive.name}.partiel")
    try:
        with tarfile.open(draft, "w:gz") as tar:
            for part in PARTS:
                if (settings.root / part).exists():
                    tar.add(settings.root / part, arcname=part)
            count = sum(member.isfile() for member in tar.getmembers())
        draft.chmod(0o600)
        draft.rename(archive)
    finally:
        draft.unlink(missing_ok=True)
    return count


def restore(archive: Path) -> int:
    """Unpack a backup into an empty data directory and check every landed file; returns the editions.

    Raises ConfigurationError when there is something to overwrite, AccesSoinsError when a file's bytes
    are not those of its manifest.
    """
    settings = get_settings()
    _refuse_to_overwrite(settings)
    settings.root.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive.expanduser(), "r:gz") as tar:
            _refuse_strange_members(archive, tar)
            tar.extractall(settings.root)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise AccesSoinsError(f"{archive} : sauvegarde illisible ({error}).") from error
    return check_landing_bytes()


def check_landing_bytes() -> int:
    """Check every chain and every landed file; returns how many editions were checked."""
    proofs = proof.prove()
    for fault in (fault for one in proofs for fault in one.faults):
        raise AccesSoinsError(
            f"{fault.sentence} La sauvegarde restaurée n'est pas intacte : en reprendre une autre."
        )
    return sum(one.entries for one in proofs if one.name != proof.REGISTER)


def _refuse_strange_members(archive: Path, tar: tarfile.TarFile) -> None:
    """Only files and folders below the parts: Python < 3.11.4 has no extraction filter."""
    for member in tar.getmembers():
        path = PurePosixPath(member.name)
        known = any(path.is_relative_to(part) for part in PARTS)
        if not known or ".." in path.parts or not _is_plain(member):
            raise AccesSoinsError(
                f"{archive} : attendu une sauvegarde faite par « acces-soins backup » ; trouvé "
                f"« {member.name} », qu'elle n'écrit jamais. Reprendre une autre sauvegarde."
            )


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.isdir() or member.isreg()


def _refuse_to_overwrite(settings: Settings) -> None:
    for part in PARTS:
        folder = settings.root / part
        if folder.exists() and any(folder.iterdir()):
            raise ConfigurationError(
                f"{folder} n'est pas vide : une restauration n'écrase rien. "
                "Déplacer ce dossier, ou pointer ACCES_SOINS_DONNEES ailleurs."
            )
