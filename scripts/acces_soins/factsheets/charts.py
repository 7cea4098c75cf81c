"""The lines of a chart: scale, points, and the sentence that says them to who cannot see them."""

import itertools
import math
from collections.abc import Sequence

from acces_soins import french
from acces_soins.factsheets.figures import state, with_unit
from acces_soins.factsheets.selection import CHARTS, CHARTS_DRAWN

OBSERVED = ("observe", "provisoire", "estime")
SMALLEST_SPAN = 0.1


def choose(series: dict[tuple, list[dict]]) -> list[str]:
    """The indicators drawn: those that have a point somewhere, completed by others if they are too few."""
    known = {
        code
        for (code, level, _), rows in series.items()
        if level == "departement" and any(row["statut"] in OBSERVED and _has_value(row) for row in rows)
    }
    first = sorted(CHARTS, key=lambda code: (code not in known, CHARTS.index(code)))[:CHARTS_DRAWN]
    return sorted(first, key=CHARTS.index)


def chart(row: dict, series: dict[tuple, list[dict]], department: dict, quarters: Sequence[str]) -> dict:
    """One chart: x is the rank of the quarter, y is in the unit of the indicator.

    Args:
        row: the key figure, as ``data.FIGURES`` gives it.
        series: (indicator, level, territory) → rows of the quarters, in order.
        department: the département and its région.
        quarters: the quarters drawn, in order.
    """
    code = row["code_indicateur"]
    own = series.get((code, "departement", department["code"]), [])
    region = series.get((code, "region", department["region_code"]), [])
    france = series.get((code, "france", "FR"), [])
    target = _target(france, quarters)
    lines = {
        "segments": _segments(own, quarters),
        "carried": _carried(own, quarters),
        "region": _segments(region, quarters),
        "france": _segments(france, quarters),
        "target": target,
    }
    low, high, ticks = scale(_heights(lines))
    decimals = _decimals(ticks)
    return {
        "label": row["libelle_indicateur"],
        "unit": row["unite"],
        **lines,
        "points": _points(own, quarters),
        "empty": not _points(own, quarters),
        "reason": row["valeur_texte"] if row["valeur"] is None else "",
        "reason_at": free_height(lines, low, high, len(quarters) - 1),
        "low": low,
        "high": high,
        "ticks": [{"at": tick, "text": french.number(tick, decimals)} for tick in ticks],
        "years": [
            {"at": index, "text": quarter[:4]}
            for index, quarter in enumerate(quarters)
            if quarter.endswith("T4")
        ],
        "last": len(quarters) - 1,
        "legend": _legend(row),
        "alt": _alt(row, own),
    }


def _target(rows: Sequence[dict], quarters: Sequence[str]) -> list[tuple[int, float]]:
    """A level is drawn all along; a pace through France's own points, from where it sets off."""
    points = [(quarters.index(row["trimestre"]), row["cible"]) for row in rows if row["cible"] is not None]
    if len({height for _, height in points}) < 2:
        return points
    points = [(at, row["cible"]) for at, row in _observed(rows, quarters) if row["cible"] is not None]
    moves = [rank for rank in range(1, len(points)) if points[rank][1] != points[rank - 1][1]]
    return points[moves[0] - 1 :] if moves else points


def scale(values: Sequence[float], wanted: int = 4) -> tuple[float, float, list[float]]:
    """Bounds and ticks in round numbers (1, 2 or 5 × a power of ten) around the values.

    They span a tenth of the level at least: on a closer scale, noise would look like a fall.
    """
    if not values:
        return 0.0, 1.0, []
    low, high = min(values), max(values)
    missing = max(SMALLEST_SPAN * max(abs(low), abs(high)) or 1.0, high - low) - (high - low)
    # Nothing that is shown goes below zero: room is not made there.
    low, high = max(low - missing / 2, min(low, 0.0)), high + missing / 2
    step = _round_step((high - low) / (wanted - 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = [round(index * step, 10) for index in range(first, last + 1)]
    return ticks[0], ticks[-1], ticks


def free_height(lines: dict, low: float, high: float, last: int) -> float:
    """Where words stand in the middle of a chart without hiding the lines of others: bottom, middle or top.

    Args:
        lines: as ``chart`` gives them.
        low: bound of the scale; ``high`` the other one.
        last: rank of the last quarter.
    """
    drawn = [points for name in ("region", "france") for points in lines[name]]
    middle = [last * part / 8 for part in range(1, 8)]
    taken = [
        y for points in (*drawn, lines["target"]) for x in middle if (y := _height_at(points, x)) is not None
    ]
    candidates = [low + (high - low) * part for part in (0.5, 0.14, 0.86)]
    return max(candidates, key=lambda each: min((abs(each - y) for y in taken), default=0.0))


def _height_at(points: Sequence[tuple[int, float]], x: float) -> float | None:
    """Height of a line at x; None where it is not drawn."""
    for (before, low), (after, high) in itertools.pairwise(points):
        if before <= x <= after:
            return low + (high - low) * (x - before) / (after - before)
    return None


def _round_step(raw: float) -> float:
    power = 10 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw - 1e-12)


def _decimals(ticks: Sequence[float]) -> int:
    return next((d for d in range(4) if all(abs(t - round(t, d)) < 1e-9 for t in ticks)), 4)


def _observed(rows: Sequence[dict], quarters: Sequence[str]) -> list[tuple[int, dict]]:
    return [(quarters.index(r["trimestre"]), r) for r in rows if r["statut"] in OBSERVED and _has_value(r)]


def _has_value(row: dict) -> bool:
    return row["valeur"] is not None


def _points(rows: Sequence[dict], quarters: Sequence[str]) -> list[dict]:
    return [
        {"at": index, "value": row["valeur"], "sure": row["statut"] == "observe"}
        for index, row in _observed(rows, quarters)
    ]


def _segments(rows: Sequence[dict], quarters: Sequence[str]) -> list[list[tuple[int, float]]]:
    """Observed points joined, except over a quarter without a figure or a change of method."""
    segments: list[list[tuple[int, float]]] = []
    method, broken = None, True
    for row in rows:
        if not _has_value(row):
            broken = True
        elif row["statut"] in OBSERVED:
            if broken or row["version_methode"] != method:
                segments.append([])
            segments[-1].append((quarters.index(row["trimestre"]), row["valeur"]))
            method, broken = row["version_methode"], False
    return segments


def _carried(rows: Sequence[dict], quarters: Sequence[str]) -> list[tuple[int, float]]:
    """From the last observed point to the last quarter that repeats it."""
    known = [row for row in rows if _has_value(row)]
    if not known or known[-1]["statut"] in OBSERVED:
        return []
    last, value = quarters.index(known[-1]["trimestre"]), known[-1]["valeur"]
    observed = _observed(rows, quarters)
    first = observed[-1][0] if observed else quarters.index(known[0]["trimestre"])
    return [(first, value), (last, value)]


def _heights(lines: dict) -> list[float]:
    joined = [point for name in ("segments", "region", "france") for line in lines[name] for point in line]
    return [y for _, y in [*joined, *lines["carried"], *lines["target"]]]


def _legend(row: dict) -> str:
    """The last figures, as the first page prints them."""
    texts = [("Département", row["valeur_texte"] if row["valeur"] is not None else None)]
    texts += [("région", row["valeur_region_texte"]), ("France", row["valeur_france_texte"])]
    return ", ".join(f"{name}\u00a0{with_unit(text, row)}" for name, text in texts if text)


def _alt(row: dict, own: Sequence[dict]) -> str:
    """What the lines show: first and last observed points, then the comparisons."""
    observed = [point for point in own if point["statut"] in OBSERVED and _has_value(point)]
    label = f"{row['libelle_indicateur']} ({row['unite']})"
    if not observed:
        return f"{label}\u00a0: aucun point observé sur la période. {row['valeur_texte']}."
    ends = [observed[0], observed[-1]] if len(observed) > 1 else observed
    told = ", puis ".join(
        f"{french.number(point['valeur'], row['decimales'])} au {french.quarter(point['trimestre'])}"
        for point in ends
    )
    carried = " ; chiffre reporté depuis" if state(row) in ("reporte", "ancien") else ""
    return f"{label}\u00a0: {told}{carried}. {_legend(row)}."
