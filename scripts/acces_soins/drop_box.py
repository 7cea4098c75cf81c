"""The partners' drop box: ``depots/<source>/<edition>/<file>``, with an optional ``<file>.sha256``.

Each file is taken once, under the contract of its source, and answered by ``<file>.accuse.json``.
An accepted file leaves the box once it is in the raw zone; a refused one stays, for its giver to
replace (its bytes are in quarantine too). To have the same bytes judged again, remove the answer.
"""

import fcntl
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acces_soins import durable, landing
from acces_soins.catalog import Source, load_sources
from acces_soins.errors import ConfigurationError, RefusedInput
from acces_soins.settings import get_settings

logger = logging.getLogger(__name__)

ACCEPTED, KNOWN, REFUSED = "accepte", "deja_recu", "refuse"
CHECKSUM, ANSWER = ".sha256", ".accuse.json"
UNFINISHED = (".part", ".partiel", ".tmp", ".filepart", ".crdownload")
SHA256 = re.compile(rb"(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])")
# A file that still grows is left for the next pass.
QUIET_S = 60


@dataclass(frozen=True)
class Left:
    """A file left in the box: where its giver says that it belongs."""

    path: Path
    source: str
    edition: str

    @property
    def answer(self) -> Path:
        return self.path.with_name(self.path.name + ANSWER)

    @property
    def checksum(self) -> Path:
        return self.path.with_name(self.path.name + CHECKSUM)


def waiting() -> list[Left]:
    """The files to judge, in the order of their paths; those that still arrive are not listed."""
    return [left for left in _files(get_settings().drop_box) if not _is_answered(left)]


def checked_source(left: Left) -> Source:
    """The source that a file is for, once what surrounds it is right.

    Raises RefusedInput: not in ``<source>/<edition>/``, unknown source, no date in the edition, a link, no
    right to read.
    """
    if left.path.is_symlink() or not left.path.is_file():
        raise _refused(left, "la boîte de dépôt", "un fichier ordinaire", "un lien", "Déposer une copie.")
    if not os.access(left.path, os.R_OK):
        action = "Donner à l'observatoire le droit de lire ce fichier."
        raise _refused(left, "la boîte de dépôt", "un fichier lisible", "un droit refusé", action)
    if left.source not in load_sources() or not left.edition:
        raise _refused(
            left,
            "chemin du dépôt",
            "depots/<source du catalogue>/<édition>/<fichier>",
            f"« {left.path.relative_to(get_settings().drop_box)} »",
            "Ranger le fichier sous l'identifiant de sa source (acces-soins status les liste).",
        )
    try:
        landing.check_edition(left.edition)
    except ConfigurationError as error:
        raise _refused(
            left,
            "nom du dossier",
            "une édition qui porte une date (2026, 2026-09 ou 2026-09-30), sans accent ni espace",
            f"« {left.edition} »",
            "Renommer le dossier et déposer de nouveau.",
        ) from error
    return load_sources()[left.source]


def check_sum(left: Left, sha256: str) -> None:
    """Raise RefusedInput when the file's ``.sha256`` holds another hash than that of our copy, or none."""
    announced = _announced(left)
    if announced == "":
        raise _refused(
            left,
            left.checksum.name,
            "une empreinte SHA-256, soixante-quatre chiffres hexadécimaux",
            "aucune",
            "La calculer de nouveau (sha256sum, ou Get-FileHash sous Windows), ou retirer ce fichier, qui "
            "n'est pas obligatoire.",
        )
    if announced not in (None, sha256):
        raise _refused(
            left,
            "fichier entier",
            f"l'empreinte {announced[:12]}… que donne {left.checksum.name}",
            f"{sha256[:12]}…",
            "Le fichier est arrivé incomplet ou n'est pas celui que l'empreinte décrit : déposer les deux "
            "de nouveau.",
        )


def answer(left: Left, sha256: str | None, verdict: str, sentence: str, **known: object) -> None:
    """Write the acknowledgement (whole or not at all), then empty the box of an accepted file.

    Args:
        sha256: hash of the bytes that were judged; None for a file refused for its place, not read.

    A file that its giver has replaced since stays: it is judged at the next pass.
    """
    content = {
        "source": left.source,
        "edition": left.edition,
        "fichier": left.path.name,
        "sha256": sha256 or _sum_of(left),
        "recu_le": landing.now(),
        "verdict": verdict,
        "phrase": sentence,
        **known,
    }
    draft = left.answer.with_name(f".{left.answer.name}")
    durable.write_json(draft, content)
    durable.put_in_place(draft, left.answer)
    if verdict != REFUSED and _sum_of(left) == sha256:
        _remove(left, sha256)


@contextmanager
def only_taker() -> Iterator[None]:
    """One taker at a time: the night and the hourly pass must not both take a file."""
    box = get_settings().drop_box
    box.mkdir(parents=True, exist_ok=True)
    with (box / ".verrou").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _files(box: Path) -> Iterator[Left]:
    if not box.is_dir():
        return
    for path in sorted(box.rglob("*")):
        parts = path.relative_to(box).parts
        if path.is_dir() and not path.is_symlink():
            continue
        if any(part.startswith(".") for part in parts) or path.name.endswith((*UNFINISHED, CHECKSUM, ANSWER)):
            continue
        # A date in the future is a giver's clock that is fast, not a file that grows.
        if 0 <= time.time() - path.lstat().st_mtime < QUIET_S:
            continue
        source, edition = (parts[0], parts[1]) if len(parts) == 3 else (parts[0], "")
        yield Left(path, source, edition)


def _is_answered(left: Left) -> bool:
    """An answer counts for the bytes that it names; an accepted file that a kill left there goes now."""
    try:
        given = json.loads(left.answer.read_text(encoding="utf-8"))
    except OSError:
        return False  # no answer yet, or none that can be read
    except ValueError:
        logger.warning("%s: unreadable answer, the file is judged again", left.answer)
        return False
    sha256 = _sum_of(left)
    if given.get("sha256") != sha256:
        return False
    if given.get("verdict") != REFUSED:
        _remove(left, sha256)
    return True


def _sum_of(left: Left) -> str | None:
    """Hash of the file as it lies in the box; None when it is gone, no ordinary file, or closed to us."""
    ordinary = left.path.is_file() and not left.path.is_symlink()
    return landing.sha256_of(left.path) if ordinary and os.access(left.path, os.R_OK) else None


def _announced(left: Left) -> str | None:
    """The hash in the file's ``.sha256``, "" when it holds none; None without one.

    Each tool writes it in its own way (before the name, after it, in a table, in UTF-16).
    """
    if not left.checksum.exists():
        return None
    found = SHA256.search(left.checksum.read_bytes().replace(b"\0", b""))
    return found[0].decode().lower() if found else ""


def _remove(left: Left, sha256: str) -> None:
    left.path.unlink()
    # Another checksum is that of a file still to come.
    if _announced(left) == sha256:
        left.checksum.unlink()


def _refused(left: Left, place: str, expected: str, found: str, action: str) -> RefusedInput:
    return RefusedInput(left.path.name, place, expected, found, action)
