"""Counts and the sums that tie them: what the engine protects and what an attacker uses."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from acces_soins.disclosure.rules import CONTRIBUTORS, PRIMARY, margin_width, protection_width

FRANCE = ("france", "FR")
YEAR_END = "T4"

Place = tuple[str, str]  # niveau, code_territoire


class Key(NamedTuple):
    """One count: its group of indicators, its territory, its quarter.

    ``publication`` is the earlier one that gave another count of the same than today's.
    """

    group: str
    level: str
    territory: str
    quarter: str
    publication: str = ""

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
    """True counts, their threshold by group, their relations, and those that too few contributors made."""

    counts: Mapping[Key, float]
    thresholds: Mapping[str, int]
    relations: tuple[Relation, ...]
    concentrated: frozenset[Key] = frozenset()

    @cached_property
    def confidential(self) -> frozenset[Key]:
        """Counts that the rule hides: zero says nothing of anybody, what was corrected since neither."""
        return frozenset(
            key
            for key, count in self.counts.items()
            if count > 0 and not key.publication and (self.is_small(key) or key in self.concentrated)
        )

    def is_small(self, key: Key) -> bool:
        return self.counts[key] < self.thresholds[key.group]

    def reason(self, key: Key) -> str:
        """What the mask of a confidential count says of it."""
        return PRIMARY if self.is_small(key) else CONTRIBUTORS

    def width(self, key: Key) -> int:
        """How wide the interval left of a masked count must be; of one masked besides, not a point."""
        if key not in self.confidential:
            return 1
        threshold = self.thresholds[key.group]
        return (
            protection_width(threshold) if self.is_small(key) else margin_width(self.counts[key], threshold)
        )

    def part(self, keys: Iterable[Key]) -> "Table":
        """The same, of these keys alone; a relation that is not whole inside is left out."""
        kept = set(keys)
        counts = {key: count for key, count in self.counts.items() if key in kept}
        relations = tuple(relation for relation in self.relations if kept.issuperset(relation.keys))
        return Table(counts, self.thresholds, relations, self.concentrated & kept)

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


@dataclass(frozen=True)
class Past:
    """What earlier publications gave.

    ``told``: counts that one of them gave with today's figure. ``table``: today's, and each sum of theirs;
    what they gave otherwise than today has a key of its own there, with its ``publication``.
    """

    told: frozenset[Key]
    table: Table

    @property
    def known(self) -> frozenset[Key]:
        return self.told | {key for key in self.table.counts if key.publication}


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


def made_by_few(
    table: Table, contributors: Mapping[Key, float], minimum: Mapping[str, int]
) -> frozenset[Key]:
    """The counts that fewer contributors than the rule asks made, or that nobody says how many made.

    Args:
        table: counts and relations.
        contributors: how many people a count comes from, where the deposit says so.
        minimum: by group; 0 where the rule asks for none.

    One doctor may count in two départements or two quarters: of a sum it is only known that it has as many
    contributors as the part that has the most.
    """
    parts: dict[Key, list[Key]] = defaultdict(list)
    for relation in table.relations:
        parts[relation.total] += relation.parts

    def at_least(key: Key) -> float:
        if key in contributors:
            return contributors[key]
        return max(map(at_least, parts[key]), default=0)

    return frozenset(key for key in table.counts if at_least(key) < minimum.get(key.group, 0))


def with_past_sums(table: Table, given: Mapping[Key, Mapping[str, float | None]]) -> Table:
    """The table and the sums that earlier publications showed with other counts than today's.

    Args:
        table: today's.
        given: of each count, publication → what it gave from then on, None where it was masked.

    A count that was masked then is taken as today's, and what was corrected in it as known to all: who sees
    no correction thinks so, and a small count that became another small count is found with it all the same.
    So a neighbour that hid a count goes on hiding it when its own figure is revised.
    """
    counts, relations = dict(table.counts), []
    for relation in table.relations:
        for publication in sorted({name for key in relation.keys for name in given.get(key, ())}):
            terms = [_as_given(table, key, publication, given.get(key, {})) for key in relation.keys]
            if relation.open or None in terms or not any(key.publication for key, _ in terms):
                continue
            known = dict(terms)
            total, *parts = known
            gap = known[total] - sum(known[part] for part in parts)
            counts |= known
            relations.append(Relation(total, tuple(parts), gap))
    return replace(table, counts=counts, relations=(*table.relations, *dict.fromkeys(relations)))


def _as_given(
    table: Table, key: Key, publication: str, given: Mapping[str, float | None]
) -> tuple[Key, float] | None:
    """A count as it stood at a publication, today's own where it was the same or masked; None before any."""
    since = max((name for name in given if name <= publication), default=None)
    if since is None:
        return None
    count = given[since]
    if count is None or count == table.counts[key]:
        return key, table.counts[key]
    return key._replace(publication=since), count


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
