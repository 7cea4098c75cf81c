"""The values that each publication gave, in the append-only register: what ``valeurs_connues`` is made of.

One Parquet file per publication in ``registre/valeurs``, with the rows that differ from what the
publications before it gave: an unchanged row is written once. A row without status tells that its key
left the long table. The ledger's line of a publication holds the hash of its file and a link to the
line before (``maillon``), so that a past row can be neither changed nor removed unseen.
"""

import datetime as dt
import hashlib
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import duckdb

from acces_soins import durable, ledger
from acces_soins.catalog import MODELS, read_yaml
from acces_soins.errors import AccesSoinsError, Fault
from acces_soins.landing import sha256_of
from acces_soins.settings import get_settings
from acces_soins.sql_text import literal

FILE = "valeurs.parquet"
MART, KNOWN_MART = "indicateurs_trimestriels", "valeurs_connues"
CHANGES = "intermediaire.int_valeurs__changements"
# What the build writes where the version to come will have its instant.
UNPUBLISHED = "infinity"
RESTORE = "Reprendre ce fichier d'une sauvegarde (acces-soins restore) ; rien n'est publié d'ici là."
AS_KNOWN_ON = f"""
create macro marts.au(jour) as table
select * exclude (connu_depuis, connu_jusqua)
from marts.{KNOWN_MART}
where connu_depuis < jour::date + interval 1 day
    and (connu_jusqua is null or connu_jusqua >= jour::date + interval 1 day)
"""


@lru_cache(maxsize=1)
def columns() -> dict[str, str]:
    """Columns of the register with their types: the publication, then the long table's contract."""
    models = read_yaml(MODELS / "marts" / "_marts.yml")["models"]
    contract = next(model for model in models if model["name"] == MART)["columns"]
    return {"publication": "varchar"} | {column["name"]: column["data_type"] for column in contract}


def events() -> list[dict]:
    """The ledger's first line of each publication that was served, oldest first."""
    told: dict[str, dict] = {}
    for event in ledger.read(ledger.PUBLICATIONS):
        told.setdefault(event["version"], event)
    return list(told.values())


def publications() -> list[str]:
    """Every publication that was served, oldest first."""
    return [event["version"] for event in events()]


def recorded() -> list[Path]:
    """The files of values, oldest publication first."""
    paths = [recorded_file(name) for name in publications()]
    return [path for path in paths if path.exists()]


def recorded_file(publication: str) -> Path:
    """Where the register keeps the values that a publication changed."""
    return get_settings().ledger / "valeurs" / f"{publication}.parquet"


def name_values(
    connection: duckdb.DuckDBPyConnection, publication: str, moment: dt.datetime, target: Path
) -> None:
    """Give the rows of a new version their publication and its instant, and write what it changes.

    Args:
        connection: on the version's file, the private build attached as ``prive``.
        publication: name of the version.
        moment: instant of the publication.
        target: the Parquet file to make.

    Raises AccesSoinsError when another version was published since the build: what changes is told
    against the publications that the build knew.
    """
    known = connection.execute("select publication from prive.registre.publications order by rang").fetchall()
    if [name for (name,) in known] != publications():
        raise AccesSoinsError(
            "une autre version a été publiée depuis cette construction : refaire « acces-soins build », "
            "« check », puis « publish »."
        )
    instant = moment.astimezone(dt.UTC).replace(tzinfo=None)
    connection.execute(
        f"update marts.{KNOWN_MART} set publication = ?, connu_depuis = ? "
        f"where connu_depuis = '{UNPUBLISHED}'",
        [publication, instant],
    )
    connection.execute(
        f"update marts.{KNOWN_MART} set connu_jusqua = ? where connu_jusqua = '{UNPUBLISHED}'", [instant]
    )
    connection.execute(AS_KNOWN_ON)
    connection.execute(
        "comment on macro table marts.au is "
        "'La table longue telle que publiée à la fin d''un jour (UTC) : from marts.au(''2026-10-01'').'"
    )
    names = ", ".join(columns())
    connection.execute(
        f"copy (select {names} from (select {literal(publication)} as publication, * from prive.{CHANGES}) "
        f"order by {names}) to {literal(target)} (format parquet)"
    )


def record(version: dict) -> None:
    """Enter a served publication in the register, values first; told twice, it is entered once."""
    told = events()
    if version["version"] in (event["version"] for event in told):
        return
    given = get_settings().publication / "versions" / version["version"] / FILE
    sha256 = _keep(given, recorded_file(version["version"])) if given.exists() else None
    ledger.append(ledger.PUBLICATIONS, version | _link(version["version"], sha256, _head(told)))


def chain_head() -> str | None:
    """The last link of the register of values; None before the first one."""
    return _head(events())


def faults() -> Iterator[Fault]:
    """What was removed from the register of values, changed in it or slipped into it."""
    head, told = None, events()
    for event in told:
        name, path = event["version"], recorded_file(event["version"])
        expected = event.get("valeurs_sha256")
        if "maillon" not in event and head is None:
            continue  # told before the register was chained
        link = _link(name, expected, head)["maillon"]
        if event.get("maillon") != link:
            yield Fault(
                f"registre/publications, version {name}",
                f"le maillon {link[:12]}",
                f"le maillon {event.get('maillon', '')[:12] or 'vide'}",
                "Une ligne du registre a été changée ou retirée : reprendre registre/ d'une sauvegarde.",
            )
        found = sha256_of(path) if path.exists() else None
        if expected is not None and found != expected:
            yield Fault(
                f"registre/valeurs/{path.name}",
                f"l'empreinte {expected[:12]}",
                f"l'empreinte {found[:12]}" if found else "aucun fichier",
                RESTORE,
            )
        head = event.get("maillon")
    known = {recorded_file(event["version"]) for event in told} | {recorded_file(_served())}
    for path in sorted((get_settings().ledger / "valeurs").glob("*")):
        if path not in known and path.suffix == ".parquet":
            yield Fault(
                f"registre/valeurs/{path.name}",
                "une publication du registre qui la nomme",
                "aucune",
                "Retirer ce fichier : rien de ce qu'il dit n'a été publié.",
            )


def create_table(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Every value that was published, typed even before the first one; years of files are read once."""
    names = ", ".join(columns())
    query = "select " + ", ".join(f"null::{kind} as {column}" for column, kind in columns().items())
    query += " where false"
    if paths := recorded():
        files = ", ".join(literal(path) for path in paths)
        # By name: a file written before a column existed has nothing there.
        query += f" union all by name select * from read_parquet([{files}], union_by_name = true)"
    connection.execute(f"create table {name} as select {names} from ({query})")


def _keep(given: Path, kept: Path) -> str:
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(".partiel")
    shutil.copyfile(given, draft)
    durable.flush(draft)
    durable.put_in_place(draft, kept)
    return sha256_of(kept)


def _head(told: list[dict]) -> str | None:
    return told[-1].get("maillon") if told else None


def _link(publication: str, sha256: str | None, head: str | None) -> dict:
    """The two facts that chain a publication to the one before it."""
    content = f"{head or ''}\n{publication}\n{sha256 or ''}"
    return {"valeurs_sha256": sha256, "maillon": hashlib.sha256(content.encode()).hexdigest()}


def _served() -> str:
    """The served version: a night killed before the ledger's line has its values there already."""
    return get_settings().current.resolve().name
