"""What a published file holds, told by one hash for each table: two files with the same rows agree."""

from collections.abc import Iterable
from pathlib import Path

import duckdb


def hashes(database: Path) -> dict[str, dict]:
    """Of each table of ``marts``: its rows (``lignes``) and the hash of its ordered rows (``empreinte``)."""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
        ).fetchall()
        return {table: _described(connection, f'marts."{table}"') for (table,) in tables}


def table_hash(connection: duckdb.DuckDBPyConnection, table: str, columns: Iterable[str]) -> tuple[int, str]:
    """Number of rows of a table, and the hash of its rows in these columns.

    A DuckDB file never has the same bytes twice, and a row has no place of its own: rows are hashed one by
    one and ordered by their hash.
    """
    # Columns stand between unit separators, and nothing is not an empty text.
    texts = ", ".join(f'coalesce("{column}"::varchar, chr(30))' for column in columns)
    return connection.execute(
        "select count(*), sha256(coalesce(string_agg(empreinte, '' order by empreinte), '')) "
        f"from (select md5(concat_ws(chr(31), {texts})) as empreinte from {table})"
    ).fetchone()


def _described(connection: duckdb.DuckDBPyConnection, table: str) -> dict:
    columns = connection.execute(f"select column_name from (describe {table})").fetchall()
    rows, digest = table_hash(connection, table, [column for (column,) in columns])
    return {"lignes": rows, "empreinte": digest}
