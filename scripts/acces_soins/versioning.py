"""What a build is a pure function of: the code, the landed files and the closing date."""

import datetime as dt
import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

from acces_soins import archive, landing, ledger
from acces_soins.catalog import load_sources
from acces_soins.settings import PROJECT, get_settings

CODE_FOLDERS = ("dbt_project/models", "dbt_project/macros", "dbt_project/seeds", "expectations")
PACKAGE = "scripts/acces_soins"
# The last one is copied into each release.
CODE_FILES = ("uv.lock", "dbt_project/dbt_project.yml", "docs/politique_de_revision.md")
RUN_FORMAT = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True)
class Inputs:
    """Inputs of a build.

    ``editions`` maps « source/edition » to the sha256 that counts; ``figees`` names the releases that
    the calendar of the build knows; ``chaines`` gives each source the hash of its last manifest, which
    tells the whole archive of that moment; ``confirmees`` maps « source/edition » to the later edition for
    which its producer gave the same bytes again.
    """

    code: str
    commit: str
    date_arrete: str
    donnees: str
    editions: dict[str, str]
    figees: list[str] = field(default_factory=list)
    chaines: dict[str, str] = field(default_factory=dict)
    confirmees: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Same inputs, same figures: of the commit the code's content counts, of the archive what is read."""
        content = {key: value for key, value in asdict(self).items() if key not in ("commit", "chaines")}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def current_inputs() -> Inputs:
    """The inputs as they stand now."""
    settings = get_settings()
    return Inputs(
        code=code_hash(),
        commit=commit(),
        date_arrete=settings.closing_date.isoformat(),
        donnees=settings.sources.value,
        editions={
            f"{source.id}/{manifest.edition}": manifest.sha256
            for source in load_sources().values()
            for manifest in landing.counting(source)
        },
        figees=[event["publication"] for event in ledger.read(ledger.RELEASES)],
        chaines=landing.chain_heads(),
        confirmees=archive.confirmations(),
    )


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of what makes the figures and the files that carry them: SQL, contracts, suites, package, lock."""
    digest = hashlib.sha256()
    for path in _code_files():
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def commit() -> str:
    """The commit that is checked out, with « + » when the files differ from it; « inconnu » without git."""
    head = _git("rev-parse", "HEAD")
    if head is None:
        return "inconnu"
    return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def utc_stamp(moment: dt.datetime | None = None) -> str:
    """Name of an instant in paths: 20261122T013000Z."""
    return (moment or dt.datetime.now(dt.UTC)).strftime("%Y%m%dT%H%M%SZ")


def run_stamp() -> str:
    """Id of a night or of a deposit: the instant to the microsecond, so that two never share a folder."""
    return dt.datetime.now(dt.UTC).strftime(RUN_FORMAT)


def _code_files() -> list[Path]:
    folders = [PROJECT / name for name in (*CODE_FOLDERS, PACKAGE)]
    found = [p for folder in folders for p in folder.rglob("*") if p.is_file() and _counts(p)]
    return sorted([*found, *(PROJECT / name for name in CODE_FILES)])


def _counts(path: Path) -> bool:
    """Whatever its suffix: templates, scripts and outlines of the map change what is published too."""
    return "__pycache__" not in path.parts and not path.name.startswith(".")


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(PROJECT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
