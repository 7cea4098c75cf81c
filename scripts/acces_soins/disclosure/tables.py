"""Counts and the sums that tie them: what the engine protects and what an attacker uses."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

FRANCE = ("france", "FR")
YEAR_END = "T4"

Place = tuple[str, str]  # niveau, code_territoire


class Key(NamedTuple):
    """One count: its group of indicators, its territory, its quarter."""

    group: str
    level: str
    territory: str
    quarter: str

    @property
    def place(self) -> Place:
        return self.level, self.territory

    def at(self, place: Place) -> "Key":
        return Key(self.group, *place, self.quarter)


@dataclass(frozen=True)
class Relation:
    """``total`` = the sum of ``parts`` + ``gap``.

    The gap is known to all (residents of an unknown place), unless ``open``: then something that the
    producer masked, or did not give, is in it.
    """

    total: Key
    parts: tuple[Key, ...]
    gap: float = 0.0
    open: bool = False

    @property
    def keys(self) -> tuple[Key, ...]:
        return (self.total, *self.parts)


@dataclass(frozen=True)
class Table:
    """True counts, their threshold by group, and their relations."""

    counts: Mapping[Key, float]
    thresholds: Mapping[str, int]
    relations: tuple[Relation, ...]

    @cached_property
    def confidential(self) -> frozenset[Key]:
        """Counts that the rule hides: zero says nothing of anybody."""
        return frozenset(k for k, count in self.counts.items() if 0 < count < self.thresholds[k.group])

    def part(self, keys: Iterable[Key]) -> "Table":
        """The same, of these keys alone; every relation is whole inside or outside."""
        kept = set(keys)
        counts = {key: count for key, count in self.counts.items() if key in kept}
        return Table(counts, self.thresholds, tuple(r for r in self.relations if r.total in kept))

    def systems(self) -> list["Table"]:
        """The parts that no relation ties together, those without anything confidential left out."""
        root = {key: key for key in self.counts}

        def find(key: Key) -> Key:
            while root[key] != key:
                root[key] = root[root[key]]
                key = root[key]
            return key

        for relation in self.relations:
            for key in relation.parts:
                root[find(key)] = find(relation.total)
        members: dict[Key, list[Key]] = defaultdict(list)
        for key in self.counts:
            members[find(key)].append(key)
        roots = {find(key) for key in self.confidential}
        return [self.part(keys) for start, keys in members.items() if start in roots]


def make_table(
    counts: Mapping[Key, float],
    masked: Iterable[Key],
    thresholds: Mapping[str, int],
    regions: Mapping[str, str],
    annual_of: Mapping[str, str] | None = None,
) -> Table:
    """Tie counts by territory and by year.

    Args:
        counts: the true counts.
        masked: keys that the producer masked: nobody here knows them.
        thresholds: by group.
        regions: code of each département → code of its région.
        annual_of: group of annual totals → group of their quarters.
    """
    hidden = set(masked) - set(counts)
    relations = [*_sums_of_territories(counts, hidden, regions)]
    for annual, quarterly in (annual_of or {}).items():
        relations += _sums_of_quarters(counts, annual, quarterly)
    return Table(dict(counts), dict(thresholds), tuple(relations))


def _sums_of_territories(
    counts: Mapping[Key, float], hidden: set[Key], regions: Mapping[str, str]
) -> Iterable[Relation]:
    """A région without a count of its own hands its départements over to France."""
    children: dict[Place, list[Place]] = defaultdict(list)
    for department, region in regions.items():
        children["region", region].append(("departement", department))
    children[FRANCE] = [("region", region) for region in dict.fromkeys(regions.values())]
    for total, count in counts.items():
        parts, missing = _parts(total, children, counts)
        if parts:
            gap = count - sum(counts[part] for part in parts)
            # What nobody speaks of and adds nothing is out of the field, and known to be.
            unknown = bool(missing & hidden) or (bool(missing) and gap != 0)
            yield Relation(total, tuple(parts), gap, unknown)


def _parts(
    total: Key, children: Mapping[Place, list[Place]], counts: Mapping[Key, float]
) -> tuple[list[Key], set[Key]]:
    """The parts that have a count, and those that have none."""
    parts, missing = [], set()
    for key in (total.at(place) for place in children.get(total.place, ())):
        if key in counts:
            parts.append(key)
            continue
        below, missing_below = _parts(key, children, counts)
        parts += below
        missing |= missing_below if below else {key} | missing_below
    return parts, missing


def _sums_of_quarters(counts: Mapping[Key, float], annual: str, quarterly: str) -> Iterable[Relation]:
    """A year's total, at its fourth quarter; a quarter that is not there is not known to an attacker."""
    for total, count in counts.items():
        if total.group != annual or not total.quarter.endswith(YEAR_END):
            continue
        year = total.quarter.removesuffix(YEAR_END)
        wanted = [Key(quarterly, *total.place, f"{year}T{number}") for number in range(1, 5)]
        parts = tuple(key for key in wanted if key in counts)
        if parts:
            yield Relation(total, parts, count - sum(counts[key] for key in parts), len(parts) < len(wanted))
