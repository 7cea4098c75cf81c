"""Which column of a file is which column of the contract."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from acces_soins.catalog import Column, Source
from acces_soins.errors import RefusedInput


@dataclass(frozen=True)
class Layout:
    """Where the contract's columns stand in a file.

    ``positions`` maps a contract name to the index of its column; ``unexpected`` lists the headers
    that the contract does not know; ``repeated`` maps what a repeated header says (``effectif_2024`` →
    ``2024``) to its index, when the contract unfolds columns into rows.
    """

    positions: dict[str, int]
    unexpected: tuple[str, ...]
    repeated: dict[str, int] = field(default_factory=dict)


def normalise(text: str) -> str:
    """Lower case, no accent, straight apostrophe, single blanks: what headers are compared by."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"\s+", " ", bare.replace("’", "'")).strip().lower()


def _matches(column: Column, header: str) -> bool:
    if column.header.startswith("^"):
        return re.fullmatch(column.header, header) is not None
    return header in (normalise(column.header), column.name)


def match_columns(source: Source, header: Sequence[str], aliases: dict[str, str]) -> Layout:
    """Find the contract's columns in a header; a repeated header gets a rank (« departements 2 »).

    ``aliases`` (file's header → contract's header) come with a deposit; the contract declares those that
    a portal is known to use.
    """
    declared = {**source.aliases, **aliases}
    known = {normalise(theirs): normalise(ours) for theirs, ours in declared.items()}
    names: list[str] = []
    for cell in header:
        name = known.get(normalise(cell), normalise(cell))
        rank = sum(
            1 for earlier in names if earlier == name or re.fullmatch(re.escape(name) + r" \d+", earlier)
        )
        names.append(f"{name} {rank + 1}" if name and rank else name)
    positions: dict[str, int] = {}
    repeated = _repeated(source, names)
    for column in (c for c in source.columns if c.name not in unfolded_columns(source)):
        index = next((i for i, name in enumerate(names) if _matches(column, name)), None)
        if index is not None:
            positions[column.name] = index
    known_indexes = {*positions.values(), *repeated.values()}
    unexpected = [cell for i, cell in enumerate(header) if cell.strip() and i not in known_indexes]
    return Layout(positions, tuple(unexpected), repeated)


def unfolded_columns(source: Source) -> tuple[str, ...]:
    """The key and the value made from repeated headers (``lecture: depliage``); none for most sources."""
    unfolding = source.reading.get("depliage")
    return (unfolding["cle"], unfolding["valeur"]) if unfolding else ()


def _repeated(source: Source, names: Sequence[str]) -> dict[str, int]:
    unfolding = source.reading.get("depliage")
    if not unfolding:
        return {}
    found = ((re.fullmatch(unfolding["motif"], name), index) for index, name in enumerate(names))
    return {match.group(1): index for match, index in found if match}


def missing_columns(source: Source, layout: Layout, absent: Sequence[str]) -> list[str]:
    """The required columns that neither the file holds nor the deposit declares absent."""
    declared = {normalise(name) for name in absent}
    unfolded = unfolded_columns(source)
    repeated = [source.reading["depliage"]["motif"]] if unfolded and not layout.repeated else []
    return repeated + [
        column.header if not column.header.startswith("^") else column.name
        for column in source.columns
        if column.required
        and column.name not in {*layout.positions, *unfolded}
        and not {normalise(column.header), column.name} & declared
    ]


def refuse_header(file: str, place: str, missing: Sequence[str], header: Sequence[str]) -> RefusedInput:
    """The sentence for a header that is not the contract's."""
    found = ", ".join(cell for cell in header if cell.strip())
    return RefusedInput(
        file,
        place,
        f"une ligne d'entête avec {_plural(missing)}",
        f"« {found[:300]} »" if found else "aucune entête",
        "Vérifier que c'est le bon fichier ; si le producteur a renommé ses colonnes, "
        "mettre le contrat à jour ou déclarer les alias à la remise.",
    )


def _plural(names: Sequence[str]) -> str:
    quoted = ", ".join(f"« {name} »" for name in names)
    return f"la colonne {quoted}" if len(names) == 1 else f"les colonnes {quoted}"
