"""Plausible values that no one measured: pure functions of (quantity, territory, period).

No global random state: each value comes from a hash of its names, so that two machines, or two
processes, write the same bytes. Values move slowly: between two year ends they follow a straight line.
"""

import csv
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

from acces_soins.catalog import Source, read_yaml
from acces_soins.errors import ConfigurationError
from acces_soins.settings import PROJECT

HERE = Path(__file__).parent
FRANCE = "FR"
AGE_SHARES_ADULT = (0.30, 0.34, 0.36)  # 20-39, 40-59 and 60-74 in what is left of 20-74
MEN_BY_AGE = (0.511, 0.497, 0.489, 0.472, 0.395)


@dataclass(frozen=True)
class Department:
    """One département: codes, names and its rough public population (see populations.csv)."""

    code: str
    name: str
    region: str
    finess: str
    population_2020: int
    growth_pct: float
    share_under_20: float
    share_over_75: float


@cache
def model() -> dict:
    """The parameters of the model (sources.yml)."""
    return read_yaml(HERE / "sources.yml")


def options(source: Source) -> dict:
    """The entry of a source in sources.yml; raises ConfigurationError when there is none."""
    try:
        return model()["sources"][source.id]
    except KeyError as error:
        raise ConfigurationError(
            f"source « {source.id} » : aucune entrée dans trial/sources.yml ; "
            "ajoutez-y ses lignes et ses mesures pour produire son extrait d'essai."
        ) from error


@cache
def professions() -> dict[str, dict]:
    return {profession["nom"]: profession for profession in model()["professions"]}


def _rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def _territories() -> list[dict]:
    return _rows(PROJECT / "dbt_project" / "seeds" / "ref_territoires.csv")


@cache
def regions() -> dict[str, str]:
    """Names of the 18 régions by code."""
    return {r["code_territoire"]: r["libelle_territoire"] for r in _territories() if r["niveau"] == "region"}


@cache
def departments() -> dict[str, Department]:
    """The 101 départements by code."""
    figures = {row["code_departement"]: row for row in _rows(HERE / "populations.csv")}
    found = {}
    for row in _territories():
        if row["niveau"] != "departement":
            continue
        code = row["code_territoire"]
        found[code] = Department(
            code=code,
            name=row["libelle_territoire"],
            region=row["code_region"],
            finess=row["code_finess"],
            population_2020=int(figures[code]["population_2020"]),
            growth_pct=float(figures[code]["evolution_annuelle_pct"]),
            share_under_20=float(figures[code]["part_moins_20_pct"]) / 100,
            share_over_75=float(figures[code]["part_75_plus_pct"]) / 100,
        )
    return found


@cache
def members(territory: str) -> tuple[str, ...]:
    """Département codes of a territory: ``FR``, ``R84`` for a région, or a département itself."""
    if territory == FRANCE:
        return tuple(departments())
    if territory.startswith("R"):
        return tuple(d.code for d in departments().values() if d.region == territory[1:])
    return (territory,)


def unit(*names: object) -> float:
    """A number in [0, 1) that depends on the names only."""
    digest = blake2b("|".join(map(str, names)).encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


def bell(*names: object) -> float:
    """A number of mean 0 and standard deviation 1, within ±3.5 (sum of four uniforms)."""
    return (sum(unit(*names, k) for k in range(4)) - 2) * 3**0.5


def years_since_2020(day: dt.date) -> float:
    """Years from 31 December 2020, a quarter counting for a quarter."""
    return (day.year - 2020) + (day.month - 12) / 12


def wave(day: dt.date, *names: object) -> float:
    """A slow movement in [-1, 1]: a straight line between the values of two year ends."""
    start = day.year - 1
    before, after = (2 * unit(*names, year) - 1 for year in (start, start + 1))
    return before + (after - before) * day.month / 12


def split(total: int, weights: list[float]) -> list[int]:
    """Share out a whole number along weights (largest remainders): the parts sum to the total."""
    scale = total / sum(weights)
    parts = [int(weight * scale) for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda k: (parts[k] - weights[k] * scale, k))
    for k in by_remainder[: total - sum(parts)]:
        parts[k] += 1
    return parts


@cache
def population(territory: str, year: int) -> int:
    """Inhabitants on 1 January of the year."""
    if territory == FRANCE or territory.startswith("R"):
        return sum(population(code, year) for code in members(territory))
    department = departments()[territory]
    drift = 1 + department.growth_pct / 100 * (year - 2020)
    ripple = 1 + 0.001 * (2 * unit("population", territory, year) - 1)
    return round(department.population_2020 * drift * ripple)


@cache
def population_by_age_and_sex(code: str, year: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(men, women) of a département on 1 January, each in five age classes from 0-19 to 75 and over."""
    department = departments()[code]
    between = 1 - department.share_under_20 - department.share_over_75
    shares = [department.share_under_20, *(between * s for s in AGE_SHARES_ADULT), department.share_over_75]
    by_age = split(population(code, year), shares)
    men = [round(count * share) for count, share in zip(by_age, MEN_BY_AGE, strict=True)]
    return tuple(men), tuple(count - m for count, m in zip(by_age, men, strict=True))


@cache
def headcount(profession: str, territory: str, year: int) -> int:
    """Liberal professionals on 31 December: whole numbers, additive over départements and professions."""
    parameters = professions()[profession]
    if "ensemble" in parameters:
        return sum(headcount(part, territory, year) for part in parameters["ensemble"])
    if territory == FRANCE or territory.startswith("R"):
        return sum(headcount(profession, code, year) for code in members(territory))
    supply = 1 + 0.2 * bell("offre", profession, territory) - 0.004 * (year - 2020)
    supply += 0.01 * (2 * unit("offre", profession, territory, year) - 1)
    factor = model()["facteurs_offre"].get(territory, 1.0)
    return round(max(supply, 0.2) * factor * parameters["pour_100k"] * population(territory, year) / 100_000)


@cache
def headcount_by_age_and_sex(profession: str, territory: str, year: int) -> dict[tuple, int]:
    """Headcounts by (classe_age, sexe), ``None`` for all of them; whatever is summed, they agree."""
    parts = professions()[profession].get("ensemble")
    if parts:
        tables = [headcount_by_age_and_sex(part, territory, year) for part in parts]
    elif territory == FRANCE or territory.startswith("R"):
        tables = [headcount_by_age_and_sex(profession, code, year) for code in members(territory)]
    else:
        return _with_margins(_split_by_age_and_sex(profession, territory, year))
    return {cell: sum(table[cell] for table in tables) for cell in tables[0]}


def _split_by_age_and_sex(profession: str, code: str, year: int) -> dict[tuple, int]:
    weights = {
        (age, sex): age_share * sex_share * (0.7 + 0.6 * unit("age", code, age, sex))
        for age, (_, age_share) in model()["ages"].items()
        for sex, sex_share in model()["sexes"].items()
    }
    parts = split(headcount(profession, code, year), list(weights.values()))
    return dict(zip(weights, parts, strict=True))


def _with_margins(table: dict[tuple, int]) -> dict[tuple, int]:
    whole = dict(table)
    for (age, sex), count in table.items():
        for cell in ((age, None), (None, sex), (None, None)):
            whole[cell] = whole.get(cell, 0) + count
    return whole


@cache
def headcount_by_sector(profession: str, territory: str, year: int) -> dict[str, int]:
    """Headcounts by secteur conventionnel: they sum to the headcount of the profession."""
    parts = professions()[profession].get("ensemble")
    if parts:
        tables = [headcount_by_sector(part, territory, year) for part in parts]
    elif territory == FRANCE or territory.startswith("R"):
        tables = [headcount_by_sector(profession, code, year) for code in members(territory)]
    else:
        sectors = model()["secteurs"]
        weights = [
            max(share + slope * (year - 2020), 0.1)
            * (0.7 + 0.6 * unit("secteur", profession, territory, code))
            for code, (_, share, slope) in sectors.items()
        ]
        return dict(zip(sectors, split(headcount(profession, territory, year), weights), strict=True))
    return {sector: sum(table[sector] for table in tables) for sector in tables[0]}


@dataclass(frozen=True)
class Cell:
    """What a figure speaks of; ``None`` stands for all ages, both sexes, all sectors, or no profession."""

    territory: str
    day: dt.date
    profession: str | None = None
    age: str | None = None
    sex: str | None = None
    sector: str | None = None


def _cell_headcount(cell: Cell) -> int:
    if cell.sector:
        return headcount_by_sector(cell.profession, cell.territory, cell.day.year)[cell.sector]
    return headcount_by_age_and_sex(cell.profession, cell.territory, cell.day.year)[cell.age, cell.sex]


@cache
def _mean(name: str, territory: str, day: dt.date, profession: str | None) -> float:
    """Value of a mean or rate; régions and France are weighted, never a mean of means."""
    parameters = model()["quantites"][name]
    codes = members(territory)
    if len(codes) == 1:
        level = _coverage_here if parameters["genre"] == "couverture" else _mean_here
        return level(name, codes[0], day, profession)
    weights = [_weight(parameters["poids"], code, day, profession) for code in codes]
    values = [_mean(name, code, day, profession) for code in codes]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


def _mean_here(name: str, code: str, day: dt.date, profession: str | None) -> float:
    parameters = model()["quantites"][name]
    value = parameters["moyenne"] + parameters["ecart"] * 0.8 * bell(name, profession, code)
    value += parameters["pente"] * years_since_2020(day)
    value += parameters["ecart"] * 0.15 * wave(day, name, code)
    low, high = parameters["bornes"]
    return min(max(value, low), high)


def _coverage_here(name: str, code: str, day: dt.date, profession: None) -> float:
    """Nothing before a département's own start, then everybody, or in one out of ten a part of them."""
    first, years = model()["quantites"][name]["debut"], model()["quantites"][name]["duree_ans"]
    if years_since_2020(day) + 2021 < first + years * unit(name, code):
        return 0.0
    return 85.0 if unit(name, "partielle", code) < 0.1 else 100.0


@cache
def _count(name: str, territory: str, day: dt.date) -> int:
    """A whole number that départements add up to; a cumulated one never falls."""
    codes = members(territory)
    if len(codes) > 1:
        return sum(_count(name, code, day) for code in codes)
    parameters = model()["quantites"][name]
    level = parameters["pour_100k"] + parameters["pente"] * years_since_2020(day)
    level *= max(1 + parameters["ecart"] * bell(name, codes[0]), 0)
    return round(max(level, 0) * population(codes[0], 2020) / 100_000)


def _ratio_parts(name: str, cell: Cell) -> tuple[int, int]:
    """Headcounts of the sectors above and below the line of a ratio, in per cent."""
    parameters = model()["quantites"][name]
    table = headcount_by_sector(cell.profession, cell.territory, cell.day.year)
    return tuple(sum(table[sector] for sector in parameters[side]) for side in ("secteurs", "parmi"))


def _weight(name: str, code: str, day: dt.date, profession: str | None) -> int:
    return population(code, day.year) if name == "population" else headcount(profession, code, day.year)


def mask(name: str, cell: Cell) -> str | None:
    """What the producer writes in place of the value (NS, NC), or None."""
    parameters = model()["quantites"][name]
    if parameters["genre"] == "evolution":
        before = Cell(cell.territory, year_before(cell.day), cell.profession)
        if _plain(parameters["de"], before) < parameters.get("minimum", 0):
            return "NS"
        return mask(parameters["de"], cell) or mask(parameters["de"], before)
    if parameters["genre"] == "ratio":
        return "NS" if _ratio_parts(name, cell)[1] < parameters["minimum"] else None
    codes = members(cell.territory)
    if len(codes) == 1 and codes[0] in parameters.get("masques", {}):
        return parameters["masques"][codes[0]]
    if "minimum" not in parameters:
        return None
    if parameters["genre"] == "compte":
        # None at all is no secret.
        return "NS" if 0 < _count(name, cell.territory, cell.day) < parameters["minimum"] else None
    return "NS" if _cell_headcount(cell) < parameters["minimum"] else None


def year_before(day: dt.date) -> dt.date:
    """The same quarter end, one year earlier (quarter ends never fall on 29 February)."""
    return day.replace(year=day.year - 1)


def _density(name: str, cell: Cell) -> float:
    return _cell_headcount(cell) / population(cell.territory, cell.day.year) * 100_000


def _ratio(name: str, cell: Cell) -> float:
    above, below = _ratio_parts(name, cell)
    return 100 * above / below


def _share_of_ages(name: str, cell: Cell) -> float:
    table = headcount_by_age_and_sex(cell.profession, cell.territory, cell.day.year)
    return 100 * sum(table[age, None] for age in model()["quantites"][name]["ages"]) / table[None, None]


def _change(name: str, cell: Cell) -> float:
    """Change of a quantity over a year, in per cent."""
    of = model()["quantites"][name]["de"]
    now, before = (
        _plain(of, Cell(cell.territory, day, cell.profession)) for day in (cell.day, year_before(cell.day))
    )
    return 100 * (now / before - 1)


def _mean_of(name: str, cell: Cell) -> float:
    return _mean(name, cell.territory, cell.day, cell.profession)


GENRES: dict[str, Callable[[str, Cell], float]] = {
    "population": lambda name, cell: population(cell.territory, cell.day.year),
    "effectif": lambda name, cell: _cell_headcount(cell),
    "densite": _density,
    "moyenne": _mean_of,
    "couverture": _mean_of,
    "compte": lambda name, cell: _count(name, cell.territory, cell.day),
    "secteur": lambda name, cell: _ratio_parts(name, cell)[0],
    "ratio": _ratio,
    "part_d_age": _share_of_ages,
    "complement": lambda name, cell: 100 - value(model()["quantites"][name]["de"], cell),
    "marque": lambda name, cell: int(_plain(model()["quantites"][name]["de"], cell) > 0),
    "evolution": _change,
}


def _plain(name: str, cell: Cell) -> float:
    """The figure behind a cell, neither rounded nor masked."""
    return GENRES[model()["quantites"][name]["genre"]](name, cell)


def value(name: str, cell: Cell) -> float | int | str:
    """Value of a quantity, rounded as published, or its mask (« NS », « NC »)."""
    hidden = mask(name, cell)
    if hidden:
        return hidden
    decimals, figure = model()["quantites"][name]["decimales"], _plain(name, cell)
    # Adding 0.0 turns the « -0.0 » of a small fall into 0.0.
    return round(float(figure), decimals) + 0.0 if decimals else round(figure)
