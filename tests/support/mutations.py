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
FIXTURE, EXPECTED, ACTUAL = "__dbt__cte__", "dbt_internal_unit_test_expected", "dbt_internal_unit_test_actual"


def mutants(query: str) -> Iterator[tuple[str, str]]:
    """What each change is (``a > b → a >= b``), and the query with it."""
    tree = sqlglot.parse_one(query, dialect="duckdb")
    places = [node for node in _model(tree).walk() if _changes(node)]
    for place in places:
        for change in _changes(place):
            before = place.sql(dialect="duckdb")
            changed = change(place)
            after = changed.sql(dialect="duckdb")
            place.replace(changed)
            yield f"{before[:120]} → {after[:120]}", tree.sql(dialect="duckdb")
            changed.replace(place)


def holds(query: str, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the model gives the expected rows; a query that fails does not."""
    try:
        rows = connection.execute(query).fetchall()
    except duckdb.Error:
        return False
    sides: dict[str, list] = {"actual": [], "expected": []}
    for *values, side in rows:
        sides[side].append(repr([round(v, 9) if isinstance(v, float) else v for v in values]))
    return sorted(sides["actual"]) == sorted(sides["expected"])


def _model(tree: exp.Expression) -> exp.Expression:
    """The model's own query: neither the fixtures nor the expected rows."""
    actual = next(cte for cte in tree.find_all(exp.CTE) if cte.alias == ACTUAL)
    return actual.this.find(exp.Subquery).this


def _in_fixture(node: exp.Expression) -> bool:
    cte = node.find_ancestor(exp.CTE)
    while cte is not None:
        if cte.alias.startswith(FIXTURE):
            return True
        cte = cte.find_ancestor(exp.CTE)
    return False


def _changes(node: exp.Expression) -> list[Callable[[exp.Expression], exp.Expression]]:
    if _in_fixture(node):
        return []
    if type(node) in SWAPS:
        return [
            lambda place: SWAPS[type(place)](
                **{k: v.copy() if isinstance(v, exp.Expression) else v for k, v in place.args.items()}
            )
        ]
    if isinstance(node, exp.Literal) and not isinstance(node.parent, exp.DataTypeParam | exp.Interval):
        return [_literal]
    if isinstance(node, exp.Ordered):
        return [
            lambda place: exp.Ordered(
                this=place.this.copy(),
                desc=not place.args.get("desc"),
                nulls_first=place.args.get("nulls_first"),
            )
        ]
    if isinstance(node, exp.Coalesce) and node.expressions:
        return [lambda place: place.this.copy()]
    if isinstance(node, exp.Not):
        return [lambda place: place.this.copy()]
    return []


def _literal(place: exp.Literal) -> exp.Literal:
    if place.is_string:
        return exp.Literal.string(place.this + "?")
    return exp.Literal.number(str(float(place.this) + 1) if "." in place.this else str(int(place.this) + 1))
