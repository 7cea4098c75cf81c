"""Which counts are masked: those under the threshold, and those that would give them back."""

import tempfile
from collections.abc import Collection
from pathlib import Path

from acces_soins.disclosure import tauargus
from acces_soins.disclosure.attacker import exposed
from acces_soins.disclosure.rules import SECONDARY, margin_interval, protection_interval
from acces_soins.disclosure.tables import FRANCE, Key, Past, Table
from acces_soins.errors import AccesSoinsError

FRANCE_WEIGHT = 1000  # the national figure is masked when nothing else does


def protect(table: Table, past: Past | None = None) -> dict[Key, str]:
    """What is masked, and why (``secret_primaire`` | ``secret_contributeurs`` | ``secret_secondaire``).

    The engine's pattern is attacked before it is taken; where it has none (measured: three random tables
    in a hundred) the smallest neighbours are masked until the attacker finds nothing. A confidential
    total whose label would say too much (ten parts of 1 under a threshold of 11) is told as secondary.
    A count that an earlier publication gave is not masked besides another: it would hide nothing; and the
    sums that they gave, which corrections have changed since, must not open what is masked now. Where that
    leaves no way, the present publication is protected by itself and the audit says so.

    Raises AccesSoinsError when no pattern protects.
    """
    past = past or Past(frozenset(), table)
    known = set(past.known)
    masks = {key: table.reason(key) for key in sorted(table.confidential)}
    systems = [system for system in past.table.systems() if system.relations]
    for system, answer in zip(systems, _solve(systems, known), strict=True):
        keys = sorted(system.counts)
        pattern = {key: why for key, why in masks.items() if key in system.counts}
        # Numbers past the counts are the unknown remainders of open sums, masked already.
        pattern |= {keys[i]: SECONDARY for i in answer or () if i < len(keys) and keys[i] not in masks}
        complete = _completed(system, pattern, known) or _completed(table.part(system.counts), pattern, set())
        if complete is None:
            raise AccesSoinsError(
                f"secret statistique : aucun masquage ne protège {', '.join(min(system.confidential))}. "
                "Rien n'est publié ; vérifier que les totaux déposés sont des sommes."
            )
        masks |= complete
    return masks


def _completed(table: Table, pattern: dict[Key, str], known: set[Key]) -> dict[Key, str] | None:
    """The pattern, and for each count that is still found the smallest neighbours that may be masked."""
    masks = dict(pattern)
    shown = set(table.counts) - set(masks)
    while found := exposed(table, masks, shown | (known - table.confidential)):
        free = {key for key in shown - known if table.counts[key] > 0}
        besides = _smallest(table, found, free)
        if not besides:
            totals = {r.total for r in table.relations if found.keys() & set(r.keys)}
            besides = {key for key in totals if masks.get(key, SECONDARY) != SECONDARY}
        # A neighbour is masked, and still too well known by the other sums that it is in.
        besides = besides or _smallest(table, masks, free)
        if not besides:
            return None
        masks |= dict.fromkeys(sorted(besides), SECONDARY)
        shown -= besides
    return masks


def _smallest(table: Table, around: Collection[Key], free: set[Key]) -> set[Key]:
    """The smallest count that may be masked in each sum that holds one of these; France's comes last."""
    return {
        min(found, key=lambda key: (key.place == FRANCE, table.counts[key], key))
        for relation in table.relations
        if any(key in around for key in relation.keys) and (found := free.intersection(relation.keys))
    }


def _solve(systems: list[Table], known: set[Key]) -> list[list[int] | None]:
    if not systems:
        return []
    with tempfile.TemporaryDirectory(prefix="secret-") as folder:
        return tauargus.solve(Path(folder), [_problem(system, known) for system in systems])


def _problem(table: Table, known: set[Key]) -> str:
    """The system in Tau-Argus' JJ format: cells, then sums.

    A cell: number, value, weight, status (u: to protect, s: may be masked, z: may not), the bounds that
    an attacker knows, and how far under and over the value must stay possible.
    """
    keys = sorted(table.counts)
    numbers = {key: number for number, key in enumerate(keys)}
    ceiling = 2 * max(map(abs, table.counts.values())) + max(table.thresholds.values())
    cells = [_cell(table, key, known, ceiling) for key in keys]
    sums = []
    for relation in table.relations:
        terms = [(numbers[relation.total], -1), *((numbers[part], 1) for part in relation.parts)]
        gap = relation.gap
        if relation.open:
            terms.append((len(cells), 1))
            cells.append(f"{gap:.12g} 1 u {min(0, gap):.12g} {ceiling:.12g} 0 0 0")
            gap = 0
        sums.append(f"{-gap:.12g} {len(terms)} : " + " ".join(f"{number} ({sign})" for number, sign in terms))
    lines = [f"{number} {cell}" for number, cell in enumerate(cells)]
    return "\n".join(["0", str(len(lines)), *lines, str(len(sums)), *sums, ""])


def _cell(table: Table, key: Key, known: set[Key], ceiling: float) -> str:
    count, threshold = table.counts[key], table.thresholds[key.group]
    if key in table.confidential:
        if table.is_small(key):
            least, most, (low, high) = 1, threshold - 1, protection_interval(count, threshold)
        else:
            least, most, (low, high) = threshold, ceiling, margin_interval(count, threshold)
        margins = f"{count - low:.12g} {high - count:.12g} 0"
        return f"{count:.12g} {count:.12g} u {least} {most:.12g} {margins}"
    if count <= 0 or key in known:
        return f"{count:.12g} 1 z {count:.12g} {count:.12g} 0 0 0"
    weight = count * (FRANCE_WEIGHT if key.place == FRANCE else 1)
    return f"{count:.12g} {weight:.12g} s 0 {ceiling:.12g} 0 0 0"
