"""What an attacker can deduce: for each masked count the tightest interval that all the rest leaves.

Two linear programmes for each count (its minimum, its maximum) under every sum and every published
figure, as in Fischetti and Salazar, « Models and algorithms for optimizing cell suppression in tabular
data » (JASA, 2000). The attacker knows the rule and reads what each mask says of itself.
"""

from collections.abc import Collection, Mapping

from acces_soins.disclosure.rules import CONTRIBUTORS, PRIMARY
from acces_soins.disclosure.tables import Key, Table

Interval = tuple[float, float]
TOLERANCE = 1e-6


def intervals(table: Table, masks: Mapping[Key, str], known: Collection[Key]) -> dict[Key, Interval]:
    """Bounds of each masked count.

    Args:
        table: counts and relations; only the counts of ``known`` are read.
        masks: what is masked and why.
        known: keys that the attacker knows, masked ones included where something gave them away.
    """
    found: dict[Key, Interval] = {}
    for system in table.systems():
        targets = [key for key in sorted(system.counts) if key in masks]
        found |= _bounds(system, targets, masks, set(known))
    return found


def exposed(table: Table, masks: Mapping[Key, str], known: Collection[Key]) -> dict[Key, Interval]:
    """The masked counts whose interval is narrower than what must stay possible.

    A confidential one keeps its protection width; one masked besides may not be found exactly.
    """
    return {
        key: (low, high)
        for key, (low, high) in intervals(table, masks, known).items()
        if high - low < table.width(key) - TOLERANCE
    }


def _bounds(
    table: Table, targets: list[Key], masks: Mapping[Key, str], known: set[Key]
) -> dict[Key, Interval]:
    import numpy
    from scipy.optimize import linprog

    unknown = [key for key in sorted(table.counts) if key not in known]
    columns = {key: number for number, key in enumerate(unknown)}
    ranges = [_range(table, key, masks) for key in unknown]
    rows, sides = [], []
    for relation in table.relations:
        row = {columns[key]: sign for key, sign in _signed(relation.keys) if key in columns}
        side = -relation.gap - sum(sign * table.counts[k] for k, sign in _signed(relation.keys) if k in known)
        if relation.open:
            row[len(ranges)] = 1
            ranges.append((min(0.0, relation.gap), None))
            side += relation.gap
        if row:
            rows.append(row)
            sides.append(side)
    matrix = numpy.zeros((len(rows), len(ranges)))
    for line, row in enumerate(rows):
        for column, sign in row.items():
            matrix[line, column] = sign
    found = {}
    for key in targets:
        if key in known:
            found[key] = (table.counts[key], table.counts[key])
            continue
        low, high = (
            _optimum(linprog, matrix, sides, ranges, columns[key], direction) for direction in (1, -1)
        )
        found[key] = (low, high)
    return found


def _signed(keys: tuple[Key, ...]) -> list[tuple[Key, int]]:
    return [(keys[0], -1), *((key, 1) for key in keys[1:])]


def _range(table: Table, key: Key, masks: Mapping[Key, str]) -> tuple[float, float | None]:
    """What its label says by itself: under the threshold, at the threshold or over, or nothing."""
    threshold = table.thresholds[key.group]
    return {PRIMARY: (1, threshold - 1), CONTRIBUTORS: (threshold, None)}.get(masks.get(key), (0, None))


def _optimum(linprog, matrix, sides, ranges, column: int, direction: int) -> float:
    """Smallest (1) or greatest (-1) value of one count; infinite when nothing bounds it."""
    costs = [0.0] * len(ranges)
    costs[column] = direction
    sums = {"A_eq": matrix, "b_eq": sides} if sides else {}
    result = linprog(costs, bounds=ranges, method="highs", **sums)
    if result.status == 3:
        return -direction * float("inf")
    if result.status != 0:
        raise ArithmeticError(f"linear programme of the attacker: {result.message}")
    return direction * result.fun
