"""Every public table is the same in every file that carries it, whoever reads the file."""

import datetime as dt

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

import small_release
from acces_soins import formats
from acces_soins.contracts import marts_contracts
from acces_soins.formats import tables
from acces_soins.warehouse import published_relations

# One of each, by type: what separators, quotes and signs could spoil; the second row lacks what it may.
HARD = {
    "VARCHAR": ("01", "2A ; « l'été », 1,5", 'deux\nlignes "entre guillemets"'),
    "DOUBLE": (-1234567.891, 0.1 + 0.2, 0.000123),
    "INTEGER": (0, -7, 2_000_000_000),
    "BIGINT": (0, -7, 9_000_000_000),
    "BOOLEAN": (True, False, True),
    "DATE": (dt.date(2026, 9, 30), dt.date(1999, 12, 31), dt.date(2026, 2, 28)),
    "TIMESTAMP": (dt.datetime(2026, 9, 30, 23, 59, 58), dt.datetime(2000, 1, 1), dt.datetime(2026, 1, 2)),
}
# Made at the publication, not by dbt.
MADE_LATER = {tables.CHECKS}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file where every public table has rows, and the folder of its files."""
    root = tmp_path_factory.mktemp("tout")
    database = small_release.build(root / "entrepot.duckdb")
    with duckdb.connect(str(database)) as connection:
        for table in tables.read(connection):
            if not table.rows:
                _fill(connection, table)
    (root / "fichiers").mkdir()
    formats.write(database, root / "fichiers", small_release.ABOUT)
    return database, root / "fichiers"


@pytest.fixture(scope="module")
def public(published):
    """Name → table, with the rows of the database in the order of the files."""
    with duckdb.connect(str(published[0]), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return {t.name: (t, connection.execute(t.select).fetchall()) for t in tables.read(connection)}


def _fill(connection, table: tables.Table) -> None:
    rows = [
        [
            None if rank == 1 and column.name not in table.key and not _refers(column.name)
            else HARD[column.type][rank]
            for column in table.columns
        ]
        for rank in range(3)
    ]  # fmt: skip
    marks = ", ".join("?" * len(table.columns))
    connection.executemany(f'insert into marts."{table.name}" values ({marks})', rows)


def _refers(name: str) -> bool:
    """Columns that the release's own texts need."""
    return name in ("code_indicateur", "source")


def _typed(text: str, kind: str):
    """A cell of a CSV file, ISO or French, as the database has it."""
    if text == "":
        return None
    if kind == "DOUBLE":
        return float(text.replace(",", "."))
    if kind in ("INTEGER", "BIGINT"):
        return int(text)
    if kind == "BOOLEAN":
        return {"true": True, "false": False, "VRAI": True, "FAUX": False}[text]
    if kind == "DATE":
        return dt.date.fromisoformat(text)
    if kind == "TIMESTAMP":
        return dt.datetime.fromisoformat(text.removesuffix("Z"))
    return text


def _in_csv(rows: list[tuple]) -> list[tuple]:
    """In these files nothing and an empty text are one cell, as their Table Schema says."""
    return [tuple(None if value == "" else value for value in row) for row in rows]


def _pandas(path, table: tables.Table, **options) -> list[tuple]:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", **options)
    assert tuple(frame.columns) == table.names
    return [
        tuple(_typed(text, column.type) for text, column in zip(row, table.columns, strict=True))
        for row in frame.itertuples(index=False, name=None)
    ]


def _duckdb(path, table: tables.Table, options: str, booleans: str = "BOOLEAN") -> list[tuple]:
    kinds = [booleans if column.type == "BOOLEAN" else column.type for column in table.columns]
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in zip(table.names, kinds, strict=True))
    query = f"from read_csv('{path}', header = true, columns = {{{columns}}}, {options})"
    french = {"VRAI": True, "FAUX": False}
    return [
        tuple(french.get(v, v) if c.type == "BOOLEAN" else v for v, c in zip(row, table.columns, strict=True))
        for row in duckdb.sql(query).fetchall()
    ]


def test_every_public_table_has_its_rows(public):
    assert set(public) == set(published_relations()) | MADE_LATER
    assert set(published_relations()) <= set(marts_contracts())
    assert all(rows for _, rows in public.values())


def test_parquet_gives_every_table_again(published, public):
    for name, (_, rows) in public.items():
        assert duckdb.sql(f"from '{published[1] / name}.parquet'").fetchall() == rows, name


def test_duckdb_reads_both_csv_editions_of_every_table(published, public):
    for name, (table, rows) in public.items():
        if table.in_csv:
            iso, french = published[1] / f"{name}.csv", published[1] / "tableur" / f"{name}.csv"
            assert _in_csv(_duckdb(iso, table, "delim = ','")) == _in_csv(rows), name
            options = "delim = ';', decimal_separator = ',', new_line = '\\r\\n'"
            assert _in_csv(_duckdb(french, table, options, booleans="VARCHAR")) == _in_csv(rows), name


def test_pandas_reads_both_csv_editions_of_every_table(published, public):
    for name, (table, rows) in public.items():
        if table.in_csv:
            assert _pandas(published[1] / f"{name}.csv", table) == _in_csv(rows), name
            assert _pandas(published[1] / "tableur" / f"{name}.csv", table, sep=";") == _in_csv(rows), name


def test_a_parquet_file_carries_its_citation_licence_and_legend(published):
    metadata = pq.read_metadata(published[1] / "territoires.parquet").metadata
    told = {key.decode(): value.decode() for key, value in metadata.items()}
    assert small_release.ABOUT.name in told["citation"] and "Licence Ouverte" in told["licence"]
    assert told["donnees"] == "essai" and "masque" in told["statuts"] and told["mises_en_garde"]
