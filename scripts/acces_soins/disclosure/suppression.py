"""Which counts are masked: those under the threshold, and those that would give them back."""

import tempfile
from collections.abc import Collection
from pathlib import Path

from acces_soins.disclosure import tauargus
from acces_soins.disclosure.rules import protection_interval
from acces_soins.disclosure.tables import FRANCE, Key, Table
from acces_soins.errors import AccesSoinsError

PRIMARY, SECONDARY = "secret_primaire", "secret_secondaire"
FRANCE_WEIGHT = 1000  # the national figure is masked when nothing else does


def protect(table: Table, published_before: Collection[Key] = ()) -> dict[Key, str]:
    """What is masked, and why (``secret_primaire`` | ``secret_secondaire``).

    A count that an earlier publication gave is not masked besides another: it would hide nothing. Where
    that leaves no way, the present publication is protected by itself and the audit says so.

    Raises AccesSoinsError when the engine finds no pattern.
    """
    masks = dict.fromkeys(sorted(table.confidential), PRIMARY)
    systems = [system for system in table.systems() if system.relations]
    known = set(published_before)
    answers = _solve(systems, known)
    failed = [number for number, answer in enumerate(answers) if answer is None]
    for number, answer in zip(failed, _solve([systems[n] for n in failed], set()), strict=True):
        if answer is None:
            raise AccesSoinsError(
                f"secret statistique : aucun masquage ne protège {min(systems[number].confidential)}. "
                "Rien n'est publié ; vérifier que les totaux déposés sont des sommes."
            )
        answers[number] = answer
    for system, answer in zip(systems, answers, strict=True):
        keys = sorted(system.counts)
        # Numbers past the counts are the unknown remainders of open sums, masked already.
        masks |= {keys[i]: SECONDARY for i in answer if i < len(keys) and keys[i] not in masks}
    return masks


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
        sums.append(
            f"{-gap:.12g} {len(terms)} : " + " ".join(f"{number} ({sign})" for number, sign in terms)
        )
    lines = [f"{number} {cell}" for number, cell in enumerate(cells)]
    return "\n".join(["0", str(len(lines)), *lines, str(len(sums)), *sums, ""])


def _cell(table: Table, key: Key, known: set[Key], ceiling: float) -> str:
    count, threshold = table.counts[key], table.thresholds[key.group]
    if key in table.confidential:
        low, high = protection_interval(count, threshold)
        return f"{count:.12g} {count:.12g} u 1 {threshold - 1} {count - low:.12g} {high - count:.12g} 0"
    if count <= 0 or key in known:
        return f"{count:.12g} 1 z {count:.12g} {count:.12g} 0 0 0"
    weight = count * (FRANCE_WEIGHT if key.place == FRANCE else 1)
    return f"{count:.12g} {weight:.12g} s {threshold} {ceiling:.12g} 0 0 0"
