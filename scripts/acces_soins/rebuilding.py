"""A publication made again from the archive, and compared with what was published.

The past is put back in a private data directory: the landed files up to the heads of the chains that the
version recorded, the register up to its publication. The build of every night then runs there, in a
process of its own, and the hash of each table's rows is compared. Of a release, every file is then made
again from its tables, and compared byte for byte.
"""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path

from acces_soins import (
    content,
    french,
    frozen,
    history,
    landing,
    ledger,
    publication,
    releases,
    versioning,
    warehouse,
)
from acces_soins.comparison import RELEASE_FILE
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.formats import checksums
from acces_soins.landing import PRUNED, TABLE
from acces_soins.progress import announce
from acces_soins.publication import VERSION_FILE
from acces_soins.settings import get_settings
from acces_soins.versioning import Inputs

FOUND = "tables.json"
# Told of a run, not of the inputs: which checks passed that night.
NOT_COMPARED = ("qualite",)


@dataclass(frozen=True)
class Compared:
    """One table or file as published and as made again: numbers of rows, or of bytes."""

    name: str
    published: int | None
    rebuilt: int | None
    same: bool
    unit: str = "lignes"

    @property
    def verdict(self) -> str:
        return "identique" if self.same else "différente"

    @property
    def sentence(self) -> str:
        command = "verify --archive" if self.unit == "lignes" else "verify"
        return (
            f"{self.name} : attendu {_counted(self.published, self.unit)} ; trouvé "
            f"{_counted(self.rebuilt, self.unit)}, autres. Chercher la cause avec « acces-soins {command} »."
        )


def rebuild(name: str) -> list[Compared]:
    """Make a version or a release again; compare every table but the checks of the night, and every file.

    Raises:
        ConfigurationError: nothing of that name, or another code is checked out than the one that made it.
        AccesSoinsError: the archive lacks what it was made of (pruned bytes, a manifest that is gone).
    """
    version = find(name)
    check_code(version)
    settings = get_settings()
    settings.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="refaire-", dir=settings.work) as folder:
        private = Path(folder)
        put_back(version, private / "donnees" / settings.root.name)
        _keep_what_dbt_parsed(private / "donnees" / settings.root.name / settings.work.name)
        (private / VERSION_FILE).write_text(json.dumps(version), encoding="utf-8")
        announce(f"{version['version']} : construction dans un dossier privé…")
        _run(private)
        found = json.loads((private / FOUND).read_text(encoding="utf-8"))
    compared, release = compare(version["tables"], found), settings.releases / name
    return [*compared, *remake(release)] if (release / RELEASE_FILE).is_file() else compared


def remake(release: Path) -> list[Compared]:
    """Every file of a release made again from its own tables, compared byte for byte.

    The DuckDB file itself never has the same bytes twice: its tables are what ``rebuild`` compares.
    """
    told = frozen.read_json(release / RELEASE_FILE)
    with tempfile.TemporaryDirectory(prefix="refaire-", dir=get_settings().work) as folder:
        again = Path(folder)
        shutil.copyfile(release / warehouse.DATABASE, again / warehouse.DATABASE)
        announce(f"{release.name} : fichiers et fiches…")
        frozen.fill(again, told, releases.read_comparison(release), releases.notes_of(told))
        published, rebuilt = _sizes_and_sums(release), _sizes_and_sums(again)
    return [
        Compared(
            place,
            published.get(place, (None, ""))[0],
            rebuilt.get(place, (None, ""))[0],
            published.get(place) == rebuilt.get(place),
            "octets",
        )
        for place in sorted(published.keys() | rebuilt.keys())
    ]


def find(name: str) -> dict:
    """What a version or a release says of its making; pruned versions are still in the register."""
    settings = get_settings()
    release = settings.releases / name / RELEASE_FILE
    if release.is_file():
        name = frozen.read_json(release)["version"]
    version = next((event for event in history.events() if event["version"] == name), None)
    if version is None:
        raise ConfigurationError(
            f"« {name} » : attendu une version ou une livraison publiée ; rien de ce nom."
        )
    if version["donnees"] != settings.sources.value:
        raise ConfigurationError(
            f"{name} est faite de données « {version['donnees']} » : le dire à ACCES_SOINS_SOURCES."
        )
    if not version.get("tables") or not version.get("chaines"):
        raise ConfigurationError(
            f"{name} a été publiée sans les empreintes de ses tables : rien à quoi comparer."
        )
    return version


def check_code(version: dict) -> None:
    """Refuse to rebuild with another code than the one that made the version."""
    here, made_with = versioning.commit(), version["commit"]
    if version["code"] == versioning.code_hash() and made_with in (here, "inconnu"):
        return
    if made_with == "inconnu":
        raise ConfigurationError(
            f"{version['version']} : attendu le code d'empreinte {version['code'][:12]} (sans git) ; trouvé "
            f"{versioning.code_hash()[:12]}. Reprendre la copie du projet qui l'a faite."
        )
    commit = made_with.removesuffix("+")
    dirty = "+" if made_with != commit else ""
    if dirty and here == made_with:
        raise ConfigurationError(
            f"{version['version']} a été faite d'un arbre de travail non enregistré (commit {commit[:12]}, "
            "fichiers modifiés) qui n'est plus le même : elle ne peut pas être refaite."
        )
    found = f"le commit {here.removesuffix('+')[:12]}" + (" et des fichiers modifiés" if "+" in here else "")
    raise ConfigurationError(
        f"{version['version']} : attendu le code du commit {commit[:12]} ; trouvé {found}. "
        f"Faire « git stash » s'il le faut, « git checkout {commit} », « uv sync --locked », et recommencer."
    )


def put_back(version: dict, root: Path) -> None:
    """Write in ``root`` the landing and the register as they stood when the version was built."""
    moment = dt.datetime.fromisoformat(version["publie_le"])
    for source, head in version["chaines"].items():
        _put_back_source(source, head, set(version["editions"].values()), moment, root / "brut")
    before = _before(version["version"])
    told = [event for event in ledger.read(ledger.EXTRACTIONS) if _instant(event["inscrit_le"]) <= moment]
    _write_events(root / "registre", ledger.EXTRACTIONS, told)
    _write_events(root / "registre", ledger.PUBLICATIONS, before)
    known = set(version.get("figees", ()))
    frozen = [event for event in ledger.read(ledger.RELEASES) if event["publication"] in known]
    _write_events(root / "registre", ledger.RELEASES, frozen)
    (root / "registre" / "valeurs").mkdir()
    for event in before:
        recorded = history.recorded_file(event["version"])
        if recorded.exists():
            (root / "registre" / "valeurs" / recorded.name).symlink_to(recorded)


def compare(published: dict[str, dict], rebuilt: dict[str, dict]) -> list[Compared]:
    """Every table of either, in order of name."""
    return [
        Compared(
            table,
            published.get(table, {}).get("lignes"),
            rebuilt.get(table, {}).get("lignes"),
            published.get(table) == rebuilt.get(table),
        )
        for table in sorted(published.keys() | rebuilt.keys())
        if table not in NOT_COMPARED
    ]


def make(private: Path) -> None:
    """In the private directory: build from the recorded inputs, name the rows, write the hashes."""
    version = json.loads((private / VERSION_FILE).read_text(encoding="utf-8"))
    inputs = Inputs(**{field.name: version[field.name] for field in fields(Inputs)})
    database = warehouse.build(private / "construction", inputs, data_tests=False)
    draft = private / "version"
    draft.mkdir()
    moment = dt.datetime.fromisoformat(version["publie_le"])
    publication.write_database(
        draft, version["version"], moment, database, warehouse.published_relations(), []
    )
    found = content.hashes(draft / warehouse.DATABASE)
    (private / FOUND).write_text(json.dumps(found), encoding="utf-8")


def _put_back_source(source: str, head: str, counted: set[str], moment: dt.datetime, root: Path) -> None:
    folder = get_settings().landing.joinpath(*source.split("."))
    arrived = sorted((landing.read_manifest(path).rang, path) for path in landing.manifest_paths(folder))
    last = next((rank for rank, path in arrived if landing.sha256_of(path) == head), None)
    if last is None:
        raise AccesSoinsError(
            f"{source} : attendu le manifeste {head[:12]}, dernier reçu alors ; trouvé une archive qui "
            "ne l'a plus. Voir « acces-soins verify --archive »."
        )
    for path in (path for rank, path in arrived if rank <= last):
        home = root.joinpath(*source.split("."), *path.parent.parts[-2:])
        home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, home / path.name)
        pruned = _pruned_before(path.parent, moment)
        if pruned:
            shutil.copyfile(path.parent / PRUNED, home / PRUNED)
        elif not (path.parent / TABLE).exists():
            _refuse_pruned(landing.read_manifest(path), counted)
        elif not (home / TABLE).exists():
            (home / TABLE).symlink_to(path.parent / TABLE)


def _refuse_pruned(manifest: landing.Manifest, counted: set[str]) -> None:
    """Bytes that went since are missed only where the version read them."""
    if manifest.sha256 in counted:
        raise AccesSoinsError(
            f"{manifest.source}, édition {manifest.edition} : ses octets ont été élagués depuis (règle de "
            "conservation de la source) ; cette version ne peut plus être refaite. Les reprendre d'une "
            "sauvegarde antérieure. Ses valeurs publiées restent dans marts.valeurs_connues."
        )


def _sizes_and_sums(folder: Path) -> dict[str, tuple[int, str]]:
    """Place → bytes and hash of every file but what is not made of the tables."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, landing.sha256_of(path))
        for path in checksums.covered(folder)
        if path.name not in (warehouse.DATABASE, RELEASE_FILE)
    }


def _counted(number: int | None, unit: str) -> str:
    return "rien" if number is None else f"{french.number(number)} {unit}"


def _pruned_before(home: Path, moment: dt.datetime) -> bool:
    path = home / PRUNED
    return path.exists() and _instant(json.loads(path.read_text(encoding="utf-8"))["elague_le"]) <= moment


def _keep_what_dbt_parsed(work: Path) -> None:
    """The same project is not parsed again: dbt itself sees whether it still holds."""
    parsed = get_settings().work / warehouse.PARSED
    if parsed.exists():
        work.mkdir(parents=True)
        shutil.copyfile(parsed, work / warehouse.PARSED)


def _before(name: str) -> list[dict]:
    events = history.events()
    return events[: [event["version"] for event in events].index(name)]


def _write_events(register: Path, kind: str, events: list[dict]) -> None:
    (register / kind).mkdir(parents=True)
    lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    (register / kind / "passe.jsonl").write_text(lines, encoding="utf-8")


def _instant(stamp: str) -> dt.datetime:
    return dt.datetime.fromisoformat(stamp)


def _run(private: Path) -> None:
    """In a process of its own: its data directory is the past."""
    environment = os.environ | {"ACCES_SOINS_DONNEES": str(private / "donnees")}
    command = [sys.executable, "-m", "acces_soins.rebuilding", str(private)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise AccesSoinsError(f"refaire la version a échoué : {' '.join(done.stderr.split())[-500:]}")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
