"""SQL on the published file, read-only and closed to the outside."""

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.settings import get_settings

CLOSED = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "lock_configuration": True,
}


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def run(text: str) -> pa.Table:
    """Answer of one query on the served version.

    Raises ConfigurationError before the first publication, AccesSoinsError with DuckDB's message.
    """
    path = get_settings().published_warehouse
    if not path.exists():
        raise ConfigurationError(f"{path} : rien n'est encore publié. Lancer « make run » d'abord.")
    with duckdb.connect(str(path), read_only=True, config=CLOSED) as connection:
        try:
            return connection.execute(text).to_arrow_table()
        except duckdb.Error as error:
            raise AccesSoinsError(f"requête refusée : {str(error).strip()}") from error


def records(
    connection: duckdb.DuckDBPyConnection, text: str, parameters: Sequence | Mapping | None = None
) -> list[dict]:
    """The rows of a query on an open connection, each a mapping from the column's name."""
    found = connection.execute(text, parameters or [])
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def write(answer: pa.Table, form: Format) -> None:
    """Write an answer to standard output; Parquet is refused on a terminal."""
    if form is Format.TABLE:
        _print_table(answer)
    elif form is Format.JSON:
        json.dump(answer.to_pylist(), sys.stdout, ensure_ascii=False, default=_plain, indent=1)
        sys.stdout.write("\n")
    elif form is Format.CSV:
        pacsv.write_csv(answer, sys.stdout.buffer)
    else:
        if sys.stdout.isatty():
            raise ConfigurationError("le format parquet ne s'affiche pas : rediriger vers un fichier.")
        sink = pa.BufferOutputStream()
        pq.write_table(answer, sink)
        sys.stdout.buffer.write(sink.getvalue())


def _print_table(answer: pa.Table) -> None:
    table = Table(box=None, pad_edge=False)
    for name in answer.column_names:
        table.add_column(name, overflow="fold")
    for row in zip(*(column.to_pylist() for column in answer.columns), strict=True):
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    console.print(table)
    console.print(f"({answer.num_rows} lignes)" if answer.num_rows > 1 else f"({answer.num_rows} ligne)")


def _plain(value: object) -> object:
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"type sans équivalent JSON : {type(value).__name__}")
