"""Published versions: a new file per version, one link that names the served one."""

import datetime as dt
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import duckdb

from acces_soins import formats, history, ledger
from acces_soins.errors import AccesSoinsError
from acces_soins.settings import get_settings
from acces_soins.sql_text import literal
from acces_soins.versioning import Inputs, utc_stamp
from acces_soins.warehouse import DATABASE

VERSION_FILE = "version.json"
FILES = "fichiers"
DRAFT_LINK = ".courante-"


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
        checks: results of the checks, as ``quality.CheckResult`` gives them.
        night: id of the run.

    The version's folder appears whole; the link is swapped last. A run killed before the swap leaves
    the previous version served, and an orphan folder that the next publication removes.
    """
    settings = get_settings()
    versions = settings.publication / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    with _locked(settings.publication):
        parent = current_version()
        _remove_leftovers(settings.publication, parent)
        name = f"{utc_stamp()}-{inputs.fingerprint[:8]}"
        draft = versions / f".{name}"
        draft.mkdir()
        fingerprints = _write_database(draft, name, database, published, checks)
        (draft / FILES).mkdir()
        formats.write_nightly(draft / DATABASE, draft / FILES)
        version = {
            "version": name,
            "publie_le": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "nuit": night,
            "parent": parent["version"] if parent else None,
            "empreinte": inputs.fingerprint,
            **asdict(inputs),
            "indicateurs": fingerprints,
        }
        (draft / VERSION_FILE).write_text(json.dumps(version, ensure_ascii=False, indent=1), encoding="utf-8")
        draft.rename(versions / name)
        _swap(settings.current, Path("versions") / name)
    return version


def _write_database(
    draft: Path, name: str, source: Path, published: Sequence[str], checks: Sequence[dict]
) -> dict[str, dict[str, str]]:
    """Copy what is published, and the values that are new; returns the fingerprints of the indicators."""
    with duckdb.connect(str(draft / DATABASE)) as connection:
        connection.execute(f"attach {literal(source)} as prive (read_only)")
        connection.execute("create schema marts")
        for relation in published:
            connection.execute(f'create table marts."{relation}" as from prive.marts."{relation}"')
            _copy_comments(connection, relation)
        fingerprints = _write_history(connection, draft, name) if history.MART in published else {}
        connection.execute(
            "create table marts.qualite (run varchar, controle varchar, severite varchar, attendu varchar, "
            "observe varchar, resultat varchar, exemples varchar)"
        )
        for check in checks:
            connection.execute("insert into marts.qualite values (?, ?, ?, ?, ?, ?, ?)", _check_row(check))
        connection.execute("detach prive")
    return fingerprints


def _write_history(
    connection: duckdb.DuckDBPyConnection, draft: Path, name: str
) -> dict[str, dict[str, str]]:
    """Only here has the version a name: its revisions get it, and its values are written under it."""
    connection.execute(
        "update marts.revisions set publication_nouvelle = ? where publication_nouvelle is null", [name]
    )
    history.write_changes(connection, f"marts.{history.MART}", name, draft / history.FILE)
    rows = connection.execute(
        "select code_indicateur, empreinte_sources, empreinte_corrections "
        "from prive.intermediaire.int_indicateurs__empreintes order by 1"
    ).fetchall()
    return {code: {"sources": sources, "corrections": corrections} for code, sources, corrections in rows}


def _check_row(check: dict) -> list:
    names = ("run", "controle", "severite", "attendu", "observe", "resultat")
    return [*(check[name] for name in names), json.dumps(check["exemples"], ensure_ascii=False, default=str)]


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
    versions = publication / "versions"
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
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".verrou").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AccesSoinsError(
                "une autre publication est en cours : attendre qu'elle finisse, puis recommencer."
            ) from error
        yield
