"""Answers of INSEE's Melodi API, one after another in a file: an observation makes a row.

``{observations: [{dimensions: {GEO: …}, attributes: {…}, measures: {OBS_VALUE_NIVEAU: {value: …}}}]}``:
dimensions, attributes and measures are the columns, under the names that the API gives them.
"""

from pathlib import Path

import duckdb

from acces_soins.errors import RefusedInput
from acces_soins.readers import headers
from acces_soins.readers.model import LINE, SHEET, ReadResult, Request, kept_columns
from acces_soins.sql_text import literal

# An observation without attributes, or whose value is not known, is still one.
OBSERVATIONS = """
    create table observations as
    select row_number() over () as rang, o.dimensions, o.attributes, o.measures
    from (
        select unnest(observations) as o
        from read_json(
            $file, format = 'unstructured', maximum_object_size = $size,
            columns = {observations: 'struct(dimensions json, attributes json, measures json)[]'}
        )
    )
"""
NAMES = """
    select nom from (
        select unnest(json_keys(dimensions)) as nom, 1 as groupe, rang from observations
        union all select unnest(json_keys(attributes)), 2, rang from observations
        union all select unnest(json_keys(measures)), 3, rang from observations
    )
    group by nom order by min(groupe), min(rang), nom
"""


def read(request: Request, target: Path) -> ReadResult:
    """Write the contract's columns of every observation to ``target`` (Parquet, all text).

    Raises RefusedInput when the file is not such answers, or lacks a column of the contract.
    """
    with duckdb.connect(config={"threads": 2}) as connection:
        rows = _load(connection, request)
        header = [name for (name,) in connection.execute(NAMES).fetchall()]
        layout = headers.match_columns(request.source, header, request.aliases)
        if missing := headers.missing_columns(request.source, layout, request.absent):
            raise headers.refuse_header(request.name, "observations", missing, header)
        columns = [_column(name, header, layout.positions.get(name)) for name in kept_columns(request.source)]
        table = connection.sql(
            f"select {', '.join(columns)}, rang as {LINE}, null::varchar as {SHEET} "
            "from observations order by rang"
        )
        table.write_parquet(str(target), compression="zstd")
    return ReadResult(rows, "utf-8", layout.unexpected)


def _load(connection: duckdb.DuckDBPyConnection, request: Request) -> int:
    """Number of observations of the file, now in a table."""
    try:
        size = str(request.path.stat().st_size + 1)
        # Literals: a parameter makes DuckDB import pandas, which takes longer than most files.
        connection.execute(OBSERVATIONS.replace("$file", literal(request.path)).replace("$size", size))
    except duckdb.InvalidInputException as error:
        # Where the file lies says nothing to an operator, and may be long.
        reason = str(error).splitlines()[0].replace(str(request.path), request.name)
        raise _refuse(request, reason[:200]) from error
    (rows,) = connection.execute("select count(*) from observations").fetchone()
    if rows == 0:
        raise _refuse(request, "aucune observation")
    return rows


def _column(name: str, header: list[str], position: int | None) -> str:
    """SQL of a column: a dimension or an attribute as it is, a measure by its value."""
    if position is None:
        return f'null::varchar as "{name}"'
    key = header[position].replace("'", "''").replace('"', '\\"')
    places = (f"dimensions ->> '$.\"{key}\"'", f"attributes ->> '$.\"{key}\"'")
    return f'coalesce({", ".join(places)}, measures ->> \'$."{key}".value\') as "{name}"'


def _refuse(request: Request, found: str) -> RefusedInput:
    return RefusedInput(
        request.name,
        "fichier entier",
        "des réponses de l'API Melodi, avec leurs observations",
        found,
        "Extraire la source de nouveau ; si cela demeure, le format de l'API a changé.",
    )
