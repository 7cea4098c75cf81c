"""The dated points of the indicators under the frequency rule, as one table of counts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import duckdb

from acces_soins.disclosure.rules import MEASURES, FrequencyRule
from acces_soins.disclosure.tables import Key, Past, Table, made_by_few, make_table, with_past_sums

# A point speaks for the quarter end that it is within fifteen days of.
QUARTER_OF_POINT = "year(date_reference - 15) || 'T' || quarter(date_reference - 15)"
POINTS = """
select {columns}, {quarter} as trimestre, valeur, numerateur, denominateur, contributeurs
from points
where code_indicateur in ({codes}) and date_reference is not null
qualify row_number() over (partition by {columns} order by date_extraction desc) = 1
"""
PUBLISHED_BEFORE = """
select distinct {columns}, {quarter} as trimestre, publication, valeur, numerateur, denominateur
from publies
where code_indicateur in ({codes}) and date_reference is not null
order by all
"""


class PointKey(NamedTuple):
    """What tells a point from every other; its fields are the columns of the build."""

    code_indicateur: str
    niveau: str
    code_territoire: str
    date_reference: object


COLUMNS = ", ".join(PointKey._fields)


@dataclass(frozen=True)
class Points:
    """``values``: valeur, numerateur, denominateur of each point; ``keys``: the count that it shows."""

    rules: Mapping[str, FrequencyRule]
    values: Mapping[PointKey, tuple[float | None, ...]]
    keys: Mapping[PointKey, Key]
    table: Table

    @property
    def without_count(self) -> list[PointKey]:
        """Points with a figure whose count nobody gives: it cannot be judged."""
        return [
            point
            for point, values in self.values.items()
            if self.keys[point] not in self.table.counts and any(value is not None for value in values)
        ]


def read_points(
    points: duckdb.DuckDBPyRelation,
    territories: duckdb.DuckDBPyRelation,
    rules: Mapping[str, FrequencyRule],
) -> Points:
    """Read the points that a rule protects, and tie their counts.

    Args:
        points: relation with the columns of ``int_indicateurs__points``.
        territories: relation with niveau, code_territoire, code_region.
        rules: by code of indicator, at least one.
    """
    values, keys, contributors = {}, {}, {}
    for row in points.query("points", _query(POINTS, rules)).fetchall():
        point, quarter = PointKey(*row[:4]), row[4]
        values[point] = row[5:8]
        keys[point] = Key(rules[point.code_indicateur].group, point.niveau, point.code_territoire, quarter)
        if row[8] is not None:
            contributors[keys[point]] = row[8]
    counts: dict[Key, float] = {}
    # The indicator that names the group gives its count first.
    for point in sorted(values, key=lambda each: (keys[each].group != each.code_indicateur, each)):
        count = values[point][MEASURES.index(rules[point.code_indicateur].measure)]
        if count is not None:
            counts.setdefault(keys[point], count)
    departments = territories.query(
        "territoires",
        "select code_territoire, code_region from territoires where niveau = 'departement' order by 1",
    ).fetchall()
    table = make_table(
        counts,
        keys.values(),
        {rule.group: rule.threshold for rule in rules.values()},
        dict(departments),
        {rule.group: rules[rule.annual_of].group for rule in rules.values() if rule.annual_of},
    )
    minimum = {rule.group: rule.contributors for rule in rules.values()}
    few = made_by_few(table, contributors, minimum) if any(minimum.values()) else frozenset()
    return Points(rules, values, keys, replace(table, concentrated=few))


def read_past(published: duckdb.DuckDBPyRelation, points: Points) -> Past:
    """What earlier publications gave of these counts, and of their sums.

    Args:
        published: relation of every value that was published (``registre.valeurs``).
        points: today's.
    """
    today: dict[tuple, set[float]] = defaultdict(set)
    for point, values in points.values.items():
        today[point.code_indicateur, points.keys[point]].add(values[0])
    told: set[Key] = set()
    given: dict[Key, dict[str, float | None]] = defaultdict(dict)
    for row in published.query("publies", _query(PUBLISHED_BEFORE, points.rules)).fetchall():
        rule, quarter, publication, values = points.rules[row[0]], row[4], row[5], row[6:]
        key = Key(rule.group, row[1], row[2], quarter)
        if key not in points.table.counts:
            continue
        if values[0] is not None and values[0] in today[rule.code, key]:
            told.add(key)
        count = values[MEASURES.index(rule.measure)]
        if count is not None or publication not in given[key]:
            given[key][publication] = count
    return Past(frozenset(told), with_past_sums(points.table, given))


def _query(text: str, codes: Iterable[str]) -> str:
    listed = ", ".join(f"'{code}'" for code in sorted(codes))
    return text.format(columns=COLUMNS, quarter=QUARTER_OF_POINT, codes=listed)
