"""Random confidential tables, shaped as the real one: Corsica, overseas, a linked year, few doctors."""

import random
from dataclasses import replace
from itertools import product

from acces_soins.disclosure.tables import FRANCE, Key, Relation, Table, made_by_few, make_table

# Two large régions, Corsica (two départements), two overseas régions that are one département each.
REGIONS = {
    **dict.fromkeys(["08", "10", "51", "52", "54"], "44"),
    **dict.fromkeys(["22", "29", "35", "56"], "53"),
    **dict.fromkeys(["2A", "2B"], "94"),
    "971": "01",
    "976": "06",
}
QUARTERS = ("2025T1", "2025T2", "2025T3", "2025T4")
THRESHOLD = 11


def key(territory: str, quarter: str = "2025T4", group: str = "nb") -> Key:
    level = "france" if territory == "FR" else "departement"
    return Key(group, level, territory, quarter)


def region(code: str, quarter: str = "2025T4", group: str = "nb") -> Key:
    return Key(group, "region", code, quarter)


def table_of(
    departments: dict[str, float],
    hidden: tuple[str, ...] = (),
    regions: dict[str, str] = REGIONS,
    threshold: int = THRESHOLD,
    doctors: dict[str, int] | None = None,
) -> Table:
    """One quarter: régions and France add up the départements; the producer masked the ``hidden``.

    ``doctors``: how many made the counts of these départements; ten made the others. Three are needed.
    """
    counts = {key(code): count for code, count in departments.items() if code not in hidden}
    for code in dict.fromkeys(regions.values()):
        counts[region(code)] = sum(n for each, n in departments.items() if regions[each] == code)
    counts[key("FR")] = sum(departments.values())
    table = make_table(counts, [key(code) for code in hidden], {"nb": threshold}, regions)
    if doctors is None:
        return table
    made = {key(code): doctors.get(code, 10) for code in departments}
    return replace(table, concentrated=made_by_few(table, made, {"nb": 3}))


def random_table(seed: int) -> Table:
    """Zeros, small and large counts; at times a mask of the producer, a hole, a linked year, few doctors."""
    draw = random.Random(seed)
    threshold = draw.choice([3, 5, 11])
    linked = draw.random() < 0.3
    counts: dict[Key, float] = {}
    for department, quarter in product(REGIONS, QUARTERS if linked else QUARTERS[3:]):
        counts[key(department, quarter)] = draw.choice(
            [0, draw.randint(1, threshold - 1), draw.randint(threshold, 40), draw.randint(40, 4000)]
        )
    if linked:
        for department in REGIONS:
            counts[key(department, group="an")] = sum(counts[key(department, each)] for each in QUARTERS)
    for group, quarter in {(each.group, each.quarter) for each in counts}:
        for code in dict.fromkeys(REGIONS.values()):
            counts[region(code, quarter, group)] = sum(
                n
                for each, n in list(counts.items())
                if (each.group, each.quarter, each.level) == (group, quarter, "departement")
                and REGIONS[each.territory] == code
            )
        counts[Key(group, *FRANCE, quarter)] = sum(
            n
            for each, n in list(counts.items())
            if (each.group, each.quarter, each.level) == (group, quarter, "region")
        )
    lost = [each for each in counts if each.level != "france" and draw.random() < 0.04]
    hidden = [each for each in lost if draw.random() < 0.5]
    for each in lost:
        del counts[each]
    table = make_table(
        counts, hidden, {"nb": threshold, "an": threshold}, REGIONS, {"an": "nb"} if linked else {}
    )
    few = draw.random() < 0.4
    made = {each: draw.randint(1, 9) for each in counts if each.level == "departement" and each.group == "nb"}
    return replace(table, concentrated=made_by_few(table, made, {"nb": 3, "an": 3})) if few else table


def forest(seeds) -> Table:
    """Random tables side by side, so that one run of the engine protects them all."""
    counts: dict[Key, float] = {}
    thresholds: dict[str, int] = {}
    relations: list[Relation] = []
    concentrated: set[Key] = set()
    for seed in seeds:
        table = random_table(seed)

        def named(each: Key, seed: int = seed) -> Key:
            return each._replace(group=f"{each.group}-{seed:04}")

        counts |= {named(each): count for each, count in table.counts.items()}
        thresholds |= {f"{group}-{seed:04}": value for group, value in table.thresholds.items()}
        relations += [
            replace(each, total=named(each.total), parts=tuple(map(named, each.parts)))
            for each in table.relations
        ]
        concentrated |= set(map(named, table.concentrated))
    return Table(counts, thresholds, tuple(relations), frozenset(concentrated))
