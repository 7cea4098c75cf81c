"""Published versions: a new file per version, one link that names the served one."""

import datetime as dt
import fcntl
import json
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import duckdb

from acces_soins import content, formats, history, ledger
from acces_soins.contracts import QUALITY
from acces_soins.errors import AccesSoinsError
from acces_soins.settings import get_settings
from acces_soins.sql_text import literal
from acces_soins.versioning import Inputs, utc_stamp
from acces_soins.warehouse import DATABASE

VERSION_FILE = "version.json"
FILES = "fichiers"
VERSIONS = "versions"
# The page that lists the quarterly releases.
LISTING = "index.html"
DRAFT_LINK = ".courante-"
RESERVED = "réservé à l'exploitant (compte rendu de la nuit et pages des contrôles)"


def current_version() -> dict | None:
    """What the served version says of itself (``version.json``), or None before the first one."""
    path = get_settings().current / VERSION_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def publish(
    database: Path, inputs: Inputs, published: Sequence[str], checks: Sequence[dict], night: str
) -> dict:
    """Make a version of a checked build and serve it; returns its ``version.json``.

    Args:
        database: the private build.
        inputs: what it was built from.
        published: relations of ``marts`` marked ``publier: true``.
        checks: results of both borders, as ``quality.as_rows`` gives them.
        night: id of the run.

    The version's folder appears whole; the link is swapped last. A run killed before the swap leaves
    the previous version served, and an orphan folder that the next publication removes.
    """
    settings = get_settings()
    versions = settings.publication / VERSIONS
    versions.mkdir(parents=True, exist_ok=True)
    with locked():
        parent = current_version()
        _remove_leftovers(settings.publication, parent)
        moment = dt.datetime.now(dt.UTC).replace(microsecond=0)
        name = f"{utc_stamp(moment)}-{inputs.fingerprint[:8]}"
        draft = versions / f".{name}"
        draft.mkdir()
        fingerprints = write_database(draft, name, moment, database, published, checks)
        (draft / FILES).mkdir()
        formats.write_nightly(draft / DATABASE, draft / FILES)
        version = {
            "version": name,
            "publie_le": moment.isoformat(),
            "nuit": night,
            "parent": parent["version"] if parent else None,
            "empreinte": inputs.fingerprint,
            **asdict(inputs),
            "indicateurs": fingerprints,
            "tables": content.hashes(draft / DATABASE),
        }
        (draft / VERSION_FILE).write_text(json.dumps(version, ensure_ascii=False, indent=1), encoding="utf-8")
        draft.rename(versions / name)
        _swap(settings.current, Path(VERSIONS) / name)
    return version


def version_folder(name: str) -> Path:
    """Where a version is kept, whether it still is or not."""
    return get_settings().publication / VERSIONS / name


def prune(pinned: Collection[str]) -> list[str]:
    """Remove the old versions that nothing keeps, and give their names; to be called under ``locked``.

    The last ones stay (``ACCES_SOINS_VERSIONS_GARDEES``), the served one, its parent, and those that
    ``pinned`` names. A reader that has an old file open goes on reading it: its bytes leave the disk
    when the last reader closes it.
    """
    settings = get_settings()
    served = current_version() or {}
    present = [name for name in history.publications() if version_folder(name).is_dir()]
    kept = {served.get("version"), served.get("parent"), *pinned, *present[-settings.versions_gardees :]}
    leaving = [name for name in present if name not in kept]
    for name in leaving:
        # Out of sight in one step; what a killed pruning leaves, the next publication removes.
        hidden = version_folder(f".{name}")
        version_folder(name).rename(hidden)
        shutil.rmtree(hidden)
    return leaving


def write_database(
    draft: Path,
    name: str,
    moment: dt.datetime,
    source: Path,
    published: Sequence[str],
    checks: Sequence[dict],
) -> dict[str, dict[str, str]]:
    """Copy what is published, and the values that are new; returns the fingerprints of the indicators."""
    with duckdb.connect(str(draft / DATABASE)) as connection:
        connection.execute(f"attach {literal(source)} as prive (read_only)")
        # One transaction: hundreds of comments and checks would each wait for the disk.
        connection.execute("begin; create schema marts")
        for relation in published:
            connection.execute(f'create table marts."{relation}" as from prive.marts."{relation}"')
            _copy_comments(connection, relation)
        fingerprints = _write_history(connection, draft, name, moment) if history.MART in published else {}
        # As one document: thousands of rows bound one by one take seconds.
        connection.execute(
            "create table marts.qualite as select unnest(from_json(?, ?), recursive := true)",
            [json.dumps([_check_row(check) for check in checks]), json.dumps([QUALITY])],
        )
        connection.execute("commit; detach prive")
    return fingerprints


def _write_history(
    connection: duckdb.DuckDBPyConnection, draft: Path, name: str, moment: dt.datetime
) -> dict[str, dict[str, str]]:
    """Only here has the version a name: its revisions get it, and its values are written under it."""
    connection.execute(
        "update marts.revisions set publication_nouvelle = ? where publication_nouvelle is null", [name]
    )
    history.name_values(connection, name, moment, draft / history.FILE)
    rows = connection.execute(
        "select code_indicateur, empreinte_sources, empreinte_corrections "
        "from prive.intermediaire.int_indicateurs__empreintes order by 1"
    ).fetchall()
    return {code: {"sources": sources, "corrections": corrections} for code, sources, corrections in rows}


def _check_row(check: dict) -> dict[str, str]:
    """The row of ``marts.qualite``; of a reserved check the verdict alone: its detail helps an attacker."""
    shown = check | {"observe": RESERVED, "exemples": []} if check.get("reserve") else check
    told = shown | {"exemples": json.dumps(shown["exemples"], ensure_ascii=False)}
    return {name: told[name] for name in QUALITY}


def _copy_comments(connection: duckdb.DuckDBPyConnection, relation: str) -> None:
    """dbt's descriptions (persist_docs) travel with the columns: SQL readers see them."""
    comments = connection.execute(
        "select column_name, comment from duckdb_columns() "
        "where database_name = 'prive' and schema_name = 'marts' and table_name = ? and comment is not null",
        [relation],
    ).fetchall()
    for column, comment in comments:
        connection.execute(f'comment on column marts."{relation}"."{column}" is {literal(comment)}')


def _swap(link: Path, target: Path) -> None:
    """Point the link elsewhere in one step: readers see the old version or the new one."""
    fresh = link.with_name(f"{DRAFT_LINK}{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _remove_leftovers(publication: Path, served: dict | None) -> None:
    """What killed publications left: drafts, links not yet swapped, whole versions never served.

    A version was served if the register tells of it, if it is served now, or if another one names it
    as its parent: those stay, even when they are newer than a version put back by hand.
    """
    for link in publication.glob(f"{DRAFT_LINK}*"):
        link.unlink()
    versions = publication / VERSIONS
    for draft in versions.glob(".*"):
        shutil.rmtree(draft)
    kept = {event["version"] for event in ledger.read(ledger.PUBLICATIONS)}
    kept |= {_describe(folder).get("parent") for folder in versions.iterdir()}
    kept.add(served["version"] if served else None)
    for folder in versions.iterdir():
        if folder.name not in kept and _describe(folder).get("version") == folder.name:
            shutil.rmtree(folder)


def _describe(version: Path) -> dict:
    """``version.json`` of a version, empty for a folder that is none of ours."""
    path = version / VERSION_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


@contextmanager
def locked(wait: bool = False) -> Iterator[None]:
    """Hold the publications alone: nobody else publishes, proposes, freezes or prunes meanwhile.

    Raises AccesSoinsError when somebody does, unless ``wait`` says to wait for the end of it.
    """
    folder = get_settings().publication
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".verrou").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise AccesSoinsError(
                "une autre publication est en cours : attendre qu'elle finisse, puis recommencer."
            ) from error
        yield
