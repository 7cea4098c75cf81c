"""Mutants of a model's SQL: one operator, bound, weight, polarity or status changed at a time.

dbt compiles a unit test into one query that holds its fixtures, the model and the expected rows; a mutant
is that query with one change in the model's part. It is killed when the answer is no longer the expected one.
"""

from collections.abc import Callable, Iterator

import duckdb
import sqlglot
from sqlglot import exp

SWAPS: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.Add: exp.Sub,
    exp.Sub: exp.Add,
    exp.Mul: exp.Div,
    exp.Div: exp.Mul,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.EQ: exp.NEQ,
    exp.And: exp.Or,
    exp.Or: exp.And,
    exp.Sum: exp.Max,
    exp.Max: exp.Min,
    exp.Min: exp.Max,
    exp.Median: exp.Max,
}
FIXTURE, ACTUAL = "__dbt__cte__", "dbt_internal_unit_test_actual"
# What a point says of where it comes from is no formula.
PROVENANCE = {"source", "edition", "sha256", "date_extraction", "version_methode", "raison"}


def mutants(query: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """What each change is (``a > b → a >= b``), and the query with it, where that change is wanted."""
    tree = sqlglot.parse_one(query, dialect="duckdb")
    for place in [node for node in _model(tree).walk() if _is_formula(node)]:
        changed = _changed(place)
        if changed is None:
            continue
        told = f"{_short(place)} → {_short(changed)}"
        if not wanted(told):
            continue
        place.replace(changed)
        yield told, tree.sql(dialect="duckdb")
        changed.replace(place)


def holds(query: str, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the model gives the expected rows; a query that fails does not."""
    try:
        rows = connection.execute(query).fetchall()
    except duckdb.Error:
        return False
    sides: dict[str, list[str]] = {"actual": [], "expected": []}
    for *values, side in rows:
        sides[side].append(repr([round(v, 9) if isinstance(v, float) else v for v in values]))
    return sorted(sides["actual"]) == sorted(sides["expected"])


def _model(tree: exp.Expression) -> exp.Expression:
    """The model's own query, its fixtures apart."""
    actual = next(cte for cte in tree.find_all(exp.CTE) if cte.alias == ACTUAL)
    return actual.this.find(exp.Subquery).this


def _is_formula(node: exp.Expression) -> bool:
    """Neither in a fixture nor in what tells the origin of a row."""
    above = node.parent
    if isinstance(above, exp.Round) and above.this is not node:
        return False
    while above is not None:
        if isinstance(above, exp.CTE) and above.alias.startswith(FIXTURE):
            return False
        if isinstance(above, exp.Alias) and above.alias in PROVENANCE:
            return False
        if isinstance(above, exp.DataType | exp.Interval):
            return False
        above = above.parent
    return True


def _changed(node: exp.Expression) -> exp.Expression | None:
    if other := SWAPS.get(type(node)):
        return other(**node.copy().args)
    if isinstance(node, exp.Literal):
        if node.is_string:
            return exp.Literal.string(node.this + "?")
        return exp.Literal.number(node.this + "1" if "." in node.this else str(int(node.this) + 1))
    if isinstance(node, exp.Ordered) and node.find_ancestor(exp.Window, exp.AggFunc, exp.WithinGroup):
        flipped = node.copy()
        flipped.set("desc", not node.args.get("desc"))
        return flipped
    if isinstance(node, exp.Coalesce | exp.Not):
        return node.this.copy()
    return None


def _short(node: exp.Expression) -> str:
    return " ".join(node.sql(dialect="duckdb").split())[:160]
