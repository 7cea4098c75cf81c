"""Parquet and the two CSV editions: one for programs, one for French spreadsheets."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import duckdb

from acces_soins.formats.tables import Table
from acces_soins.sql_text import literal

SPREADSHEET = "tableur"
BOM = "\ufeff"
FRACTIONAL = ("DOUBLE", "FLOAT", "DECIMAL")
ISO_INSTANT, FRENCH_INSTANT = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S"


def write_parquet(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    folder: Path,
    inside: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """One file, rows in the order of the key: the same rows give the same bytes.

    ``inside`` is written in its footer (key-value metadata): citation, licence, legend.
    """
    path = folder / f"{table.name}.parquet"
    told = ", ".join(f"{name}: {literal(text)}" for name, text in inside.items())
    footer = f", kv_metadata {{{told}}}" if told else ""
    connection.execute(f"copy ({table.select}) to {literal(path)} (format parquet, compression zstd{footer})")
    return path


def write_csv(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> Path:
    """RFC 4180 but for its line ends: UTF-8, comma, decimal point, ISO dates, instants in UTC."""
    path = folder / f"{table.name}.csv"
    connection.execute(
        f"copy ({table.select}) to {literal(path)} "
        f"(format csv, header, dateformat '%Y-%m-%d', timestampformat {literal(ISO_INSTANT)})"
    )
    return path


def write_spreadsheet_csv(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> Path:
    """What a French spreadsheet opens with a double click: « ; », decimal comma, BOM, CRLF."""
    path = folder / SPREADSHEET / f"{table.name}.csv"
    path.parent.mkdir(exist_ok=True)
    columns = [_in_french(column.name, column.type) for column in table.columns]
    # The mark stands before the first name of the header: DuckDB writes no BOM.
    first = f'{columns[0]} as "{BOM}{table.names[0]}"'
    others = [f'{shown} as "{name}"' for shown, name in zip(columns[1:], table.names[1:], strict=True)]
    connection.execute(
        f"copy (select {', '.join([first, *others])} from ({table.select})) to {literal(path)} "
        f"(format csv, header, delimiter ';', new_line '\\r\\n', dateformat '%Y-%m-%d', "
        f"timestampformat {literal(FRENCH_INSTANT)})"
    )
    return path


def _in_french(name: str, kind: str) -> str:
    if kind.startswith(FRACTIONAL):
        return f"replace(\"{name}\"::varchar, '.', ',')"
    if kind == "BOOLEAN":
        return f"case when \"{name}\" then 'VRAI' when not \"{name}\" then 'FAUX' end"
    return f'"{name}"'
