"""The points of the indicators that may not leave: asked by the build, before anything is derived."""

from collections.abc import Iterable

import duckdb
import pyarrow

from acces_soins.disclosure.points import read_points, read_published_before
from acces_soins.disclosure.rules import frequency_rules
from acces_soins.disclosure.suppression import protect

UNJUDGED = "secret_sans_effectif"
SCHEMA = pyarrow.schema(
    [
        ("code_indicateur", pyarrow.string()),
        ("niveau", pyarrow.string()),
        ("code_territoire", pyarrow.string()),
        ("date_reference", pyarrow.date32()),
        ("statut_conf", pyarrow.string()),
    ]
)


def masked_points(
    points: duckdb.DuckDBPyRelation,
    territories: duckdb.DuckDBPyRelation,
    published: duckdb.DuckDBPyRelation,
) -> pyarrow.Table:
    """One row for each point to mask: its key and ``statut_conf``, why.

    Args:
        points: the dated points of every indicator (``int_indicateurs__points``).
        territories: niveau, code_territoire, code_region.
        published: every value that was published before (``registre.valeurs``).

    ``secret_sans_effectif`` masks a figure whose count is not given: nothing says that it is safe.
    """
    rules = frequency_rules()
    if not rules:
        return _as_table([])
    found = read_points(points, territories, rules)
    masks = protect(found.table, read_published_before(published, found))
    shown = [(*point, masks[key]) for point, key in found.keys.items() if key in masks]
    return _as_table([*shown, *((*point, UNJUDGED) for point in found.without_count)])


def _as_table(rows: Iterable[tuple]) -> pyarrow.Table:
    return pyarrow.Table.from_pylist(
        [dict(zip(SCHEMA.names, row, strict=True)) for row in sorted(rows)], schema=SCHEMA
    )
