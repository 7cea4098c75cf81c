"""What a published file holds, told by one hash for each table: two files with the same rows agree."""

from pathlib import Path

import duckdb


def hashes(database: Path) -> dict[str, dict]:
    """Of each table of ``marts``: its rows (``lignes``) and the hash of its ordered rows (``empreinte``).

    A DuckDB file never has the same bytes twice, and a row has no place of its own: rows are hashed one by
    one and ordered by their hash.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
        ).fetchall()
        return {table: _hash(connection, table) for (table,) in tables}


def _hash(connection: duckdb.DuckDBPyConnection, table: str) -> dict:
    rows, digest = connection.execute(
        "select count(*), sha256(coalesce(string_agg(empreinte, '' order by empreinte), '')) "
        f'from (select md5(to_json(ligne)) as empreinte from marts."{table}" as ligne)'
    ).fetchone()
    return {"lignes": rows, "empreinte": digest}
