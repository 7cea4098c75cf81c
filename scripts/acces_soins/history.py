"""The values that each publication gave, in the append-only register: what ``revisions`` is made of.

One Parquet file per publication in ``registre/valeurs``, with the rows that differ from what the
publications before it gave: an unchanged figure is written once.
"""

import os
import shutil
from pathlib import Path

import duckdb

from acces_soins import ledger
from acces_soins.settings import get_settings
from acces_soins.sql_text import literal

FILE = "valeurs.parquet"
MART = "indicateurs_trimestriels"
KEY = ("code_indicateur", "niveau", "code_territoire", "trimestre")
# What is kept of a row, with its type; a row is written again when one of them changes.
FOLLOWED = {
    "valeur": "double",
    "statut": "varchar",
    "date_reference": "date",
    "version_methode": "varchar",
    "sha256": "varchar",
}
COLUMNS = {"publication": "varchar"} | dict.fromkeys(KEY, "varchar") | FOLLOWED


def publications() -> list[str]:
    """Every publication that was served, oldest first."""
    return list(dict.fromkeys(event["version"] for event in ledger.read(ledger.PUBLICATIONS)))


def recorded() -> list[Path]:
    """The files of values, oldest publication first."""
    paths = [_recorded_file(name) for name in publications()]
    return [path for path in paths if path.exists()]


def write_changes(
    connection: duckdb.DuckDBPyConnection, relation: str, publication: str, target: Path
) -> None:
    """Write the rows of ``relation`` (the long table of a build) that no publication gave as they are.

    Args:
        connection: any connection that sees ``relation``.
        publication: name of the version that will give them.
        target: the Parquet file to make.
    """
    names = ", ".join((*KEY, *FOLLOWED))
    key = ", ".join(KEY)
    known = " union all ".join(
        f"select {rank} as rang, {names} from read_parquet({literal(path)})"
        for rank, path in enumerate(recorded(), start=1)
    )
    last = (
        f"select {names} from ({known}) qualify row_number() over (partition by {key} order by rang desc) = 1"
    )
    rows = f"select {names} from {relation}" + (f" except ({last})" if known else "")
    connection.execute(
        f"copy (select {literal(publication)} as publication, * from ({rows}) order by {key}) "
        f"to {literal(target)} (format parquet)"
    )


def record(version: dict) -> None:
    """Enter a served publication in the register, values first; told twice, it is entered once."""
    given = get_settings().publication / "versions" / version["version"] / FILE
    kept = _recorded_file(version["version"])
    if given.exists() and not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".partiel")
        shutil.copyfile(given, draft)
        with draft.open("rb") as stream:
            os.fsync(stream.fileno())
        draft.rename(kept)
    if version["version"] not in publications():
        ledger.append(ledger.PUBLICATIONS, version)


def create_view(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """A view over every value that was published, typed even before the first publication."""
    empty = ", ".join(f"null::{kind} as {column}" for column, kind in COLUMNS.items())
    parts = [f"select {empty} where false"]
    parts += [f"select {', '.join(COLUMNS)} from read_parquet({literal(path)})" for path in recorded()]
    connection.execute(f"create view {name} as {' union all '.join(parts)}")


def _recorded_file(publication: str) -> Path:
    return get_settings().ledger / "valeurs" / f"{publication}.parquet"
