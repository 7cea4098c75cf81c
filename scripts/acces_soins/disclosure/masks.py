"""The points of the indicators that may not leave: asked by the build, before anything is derived."""

from collections.abc import Iterable

import duckdb

from acces_soins.disclosure.points import read_past, read_points
from acces_soins.disclosure.rules import frequency_rules
from acces_soins.disclosure.suppression import protect
from acces_soins.sql_text import literal

UNJUDGED = "secret_sans_effectif"
COLUMNS = {
    "code_indicateur": "varchar",
    "niveau": "varchar",
    "code_territoire": "varchar",
    "date_reference": "date",
    "statut_conf": "varchar",
}


def masked_points(
    points: duckdb.DuckDBPyRelation,
    territories: duckdb.DuckDBPyRelation,
    published: duckdb.DuckDBPyRelation,
) -> duckdb.DuckDBPyRelation:
    """One row for each point to mask: its key and ``statut_conf``, why.

    Args:
        points: the dated points of every indicator (``int_indicateurs__points``).
        territories: niveau, code_territoire, code_region.
        published: every value that was published before (``registre.valeurs``).

    ``secret_sans_effectif`` masks a figure whose count is not given: nothing says that it is safe.
    """
    rules = frequency_rules()
    if not rules:
        return _as_relation(points, [])
    found = read_points(points, territories, rules)
    masks = protect(found.table, read_past(published, found))
    shown = [(*point, masks[key]) for point, key in found.keys.items() if key in masks]
    return _as_relation(points, [*shown, *((*point, UNJUDGED) for point in found.without_count)])


def _as_relation(points: duckdb.DuckDBPyRelation, rows: Iterable[tuple]) -> duckdb.DuckDBPyRelation:
    """In plain SQL: an Arrow table would import pandas, a second for a few rows."""
    names = ", ".join(COLUMNS)
    typed = ", ".join(f"{name}::{kind} as {name}" for name, kind in COLUMNS.items())
    told = ", ".join("(" + ", ".join(literal(str(each)) for each in row) + ")" for row in sorted(rows))
    values = f"values {told}" if told else f"select {', '.join('null' for _ in COLUMNS)} where false"
    return points.query("points", f"select {typed} from ({values}) as masques ({names})")
