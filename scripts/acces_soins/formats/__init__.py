"""Every file that a reader takes away from a publication, made from its ``entrepot.duckdb`` alone.

The same tables and the same ``About`` give the same bytes: rows in the order of their key, one date for
all (``published_at``), no clock.
"""

from pathlib import Path

import duckdb

from acces_soins.formats import (
    checksums,
    datapackage,
    delimited,
    dictionary,
    metadata,
    page,
    pilote,
    tables,
    workbook,
)
from acces_soins.formats.about import About
from acces_soins.formats.page import NOTHING_BESIDE, Beside

__all__ = ["About", "Beside", "write", "write_nightly"]


def write(database: Path, target: Path, about: About, beside: Beside = NOTHING_BESIDE) -> list[Path]:
    """Write the whole set of a release into the empty folder ``target``; returns the files, sorted.

    Args:
        database: a published ``entrepot.duckdb``; opened read-only.
        target: an empty folder.
        about: what the files say of the publication.
        beside: what the publication holds outside that folder; the page lists it.

    Raises AccesSoinsError when a figure does not fit what a format demands of it.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        public = tables.read(connection)
        for table in public:
            with tables.in_order(connection, table) as ordered:
                delimited.write_parquet(connection, ordered, target, about.inside)
                if table.in_csv:
                    delimited.write_csv(connection, ordered, target)
                    delimited.write_spreadsheet_csv(connection, ordered, target)
        workbook.write(connection, target, about)
        pilote.write(connection, target, about)
        dictionary.write(connection, public, target, about)
        metadata.write(connection, target, about)
        page.write(connection, public, target, about, beside)
        datapackage.write(connection, public, target, about)
    checksums.write(target)
    return sorted(path for path in target.rglob("*") if path.is_file())


def write_nightly(database: Path, target: Path) -> list[Path]:
    """Write each public table as Parquet, and as CSV (UTF-8, comma, decimal point); returns the files."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        written = []
        for table in tables.read(connection):
            with tables.in_order(connection, table) as ordered:
                written.append(delimited.write_parquet(connection, ordered, target))
                if table.in_csv:
                    written.append(delimited.write_csv(connection, ordered, target))
    return sorted(written)
