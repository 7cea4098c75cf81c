"""Masks of producers that their own totals give away: named, never computed back."""

from collections import defaultdict
from collections.abc import Mapping

import duckdb

from acces_soins.disclosure.tables import FRANCE, Place

# Where counts add up: the value of an additive indicator, else the numerator of a rate.
# Registers under no rule have masks of their producer too.
ROWS = """
with lignes as (
    select
        indicateurs.*,
        case when catalogue.additif then indicateurs.valeur else indicateurs.numerateur end as effectif
    from marts.indicateurs_trimestriels as indicateurs
    inner join registre.catalogue_indicateurs as catalogue using (code_indicateur)
    where catalogue.confidentialite_regle <> 'seuil_frequence'
        and indicateurs.age_trimestres = 0
        and not list_contains(catalogue.hors_champ, indicateurs.niveau || '/' || indicateurs.code_territoire)
)

select code_indicateur, trimestre, niveau, code_territoire, effectif is not null as est_connu
from lignes
where statut = 'masque' or (effectif is not null and statut <> 'estime')
qualify bool_or(statut = 'masque') over (partition by code_indicateur, trimestre)
"""
TERRITORIES = """
select code_territoire, code_region from marts.territoires where niveau = 'departement' order by 1
"""


def given_away(connection: duckdb.DuckDBPyConnection) -> list[dict]:
    """The masked points that a published total and the parts beside them leave alone in their sum.

    Args:
        connection: sees the private build.

    A département or a région that the source does not speak of, or that is estimated, leaves its sum open:
    nothing is given away. Each place is told once, at its last quarter.
    """
    children = children_of(dict(connection.execute(TERRITORIES).fetchall()))
    points: dict[tuple[str, str], dict[Place, bool]] = defaultdict(dict)
    for code, quarter, level, place, known in connection.execute(ROWS).fetchall():
        points[code, quarter][level, place] = known
    last = {
        (code, *place): quarter
        for (code, quarter), states in sorted(points.items())
        for place in alone(states, children)
    }
    return [
        {"code_indicateur": code, "niveau": level, "code_territoire": place, "trimestre": quarter}
        for (code, level, place), quarter in sorted(last.items())
    ]


def alone(states: Mapping[Place, bool], children: Mapping[Place, list[Place]]) -> set[Place]:
    """Places that a subtraction gives, one after the other.

    Args:
        states: places that the source speaks of → whether their figure is known.
        children: parts of each total.
    """
    sums = [[total, *parts] for total, parts in children.items()]
    sums = [places for places in sums if all(place in states for place in places)]
    unknown = {place for place, known in states.items() if not known}
    found: set[Place] = set()
    while True:
        last = {left[0] for places in sums if len(left := [p for p in places if p in unknown - found]) == 1}
        if not last:
            return found
        found |= last


def children_of(regions: Mapping[str, str]) -> dict[Place, list[Place]]:
    """Parts of each total, from département → région."""
    children: dict[Place, list[Place]] = {FRANCE: [("region", r) for r in dict.fromkeys(regions.values())]}
    for department, region in regions.items():
        children.setdefault(("region", region), []).append(("departement", department))
    return children
