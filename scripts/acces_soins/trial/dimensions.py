"""What the rows of a fictitious extract are made by: départements, communes, EPCI… with their attributes.

A dimension is a list of members; a member's ``code`` tells it from the others, its other attributes
fill columns (``{commune.departement}`` in sources.yml). Populations are those of 1 January of a year.
"""

import datetime as dt
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace as Member

from acces_soins.errors import ConfigurationError
from acces_soins.trial import geography, values
from acces_soins.trial.geography import Commune


@cache
def departments(year: int) -> list[Member]:
    return [
        Member(
            code=each.code,
            nom=each.name,
            capitales=geography.capitals(each.name),
            region=each.region,
            libelle_region=values.regions()[each.region],
            finess=each.finess,
            cheflieu=geography.chief_town(each.code),
            territoire=each.code,
            habitants=values.population(each.code, year),
        )
        for each in values.departments().values()
    ]


@cache
def regions(year: int) -> list[Member]:
    return [
        Member(
            code=code,
            nom=name,
            capitales=geography.capitals(name),
            cheflieu=geography.chief_town(values.members(f"R{code}")[0]),
            territoire=f"R{code}",
            habitants=values.population(f"R{code}", year),
        )
        for code, name in values.regions().items()
    ]


def _commune(commune: Commune, habitants: int | None) -> Member:
    department = values.departments()[commune.department]
    chief_town = geography.chief_town(department.code)
    return Member(
        code=commune.code,
        tvs=geography.healthcare_area(commune),
        numero=commune.code[-3:],
        nom=commune.name,
        capitales=geography.capitals(commune.name),
        genre=commune.kind,
        parente=commune.parent,
        departement=department.code,
        region=department.region,
        libelle_region=values.regions()[department.region],
        finess=department.finess,
        # The official code leaves former communes without a région and a département.
        region_du_code="" if commune.parent and commune.kind != "ARM" else department.region,
        departement_du_code="" if commune.parent and commune.kind != "ARM" else department.code,
        ctcd="" if commune.parent and commune.kind != "ARM" else f"{department.code}D",
        cheflieu=chief_town,
        est_cheflieu=int(commune.code == chief_town),
        habitants=habitants,
    )


@cache
def communes(year: int) -> list[Member]:
    """Communes of today; their inhabitants sum to the département's."""
    return [
        _commune(commune, count)
        for code in values.departments()
        for commune, count in geography.inhabitants(code, year).items()
    ]


@cache
def labelled_territories(year: int) -> list[Member]:
    """France, régions and départements under the labels of the RPPS workbook, one with its real typo."""
    no_region, no_department = "00-Ensemble", "000-Ensemble"
    france = {"niveau": "0-France entière", "region": no_region, "departement": no_department}
    found = [Member(code="FR", territoire="FR", **france)]
    names = {code: f"{code}-{name}" for code, name in values.regions().items()}
    for code, label in names.items():
        region = {"niveau": "2-Régions", "region": label, "departement": no_department}
        found.append(Member(code=f"R{code}", territoire=f"R{code}", **region))
    for each in values.departments().values():
        # Three characters, and a blank before the dash overseas.
        dash = " -" if len(each.code) == 3 else "-"
        label = f"{each.code.zfill(3)}{dash}{each.name.replace('Seine-et-Marne', 'Seien-et-Marne')}"
        found.append(
            Member(
                code=each.code,
                niveau="3-Départements",
                region=names[each.region],
                departement=label,
                territoire=each.code,
            )
        )
    return found


@cache
def healthcare_areas(year: int) -> list[Member]:
    """Territoires de vie-santé: a few communes each, their code right-padded as the producer does."""
    found: dict[str, Member] = {}
    for commune in communes(year):
        area = found.setdefault(
            commune.tvs,
            Member(code=commune.tvs, departement=commune.departement, region=commune.region, habitants=0),
        )
        area.habitants += commune.habitants
    return list(found.values())


@cache
def communes_of_the_code(year: int) -> list[Member]:
    """Communes, arrondissements, déléguées and associées, in the order of the official code."""
    return [_commune(commune, None) for commune in geography.communes()]


@cache
def communes_and_districts(year: int) -> list[Member]:
    """Communes of today, arrondissements in place of the three cities."""
    return [
        _commune(commune, None)
        for commune in geography.communes()
        if commune.kind in ("COM", "ARM") and commune.code not in geography.CITIES
    ]


@cache
def communes_of_the_apl(year: int) -> list[Member]:
    """Communes of the APL (no Mayotte, some former codes); their inhabitants sum to the département's."""
    return [
        _commune(commune, geography.commune_populations(code, year)[commune.code])
        for code, found in geography.apl_communes().items()
        for commune in found
    ]


@cache
def former_codes(year: int) -> list[Member]:
    """Every commune of today, and the codes that were merged into one (``vers``)."""
    known = {commune.code: commune for commune in geography.communes()}
    found = []
    for commune in (c for c in geography.communes() if c.kind != "ARM"):
        after = known[commune.parent] if commune.parent else commune
        found.append(
            Member(
                code=commune.code,
                nom=commune.name,
                capitales=geography.capitals(commune.name),
                fusionnee="oui" if commune.parent else "non",
                vers=after.code,
                nom_apres=after.name,
                capitales_apres=geography.capitals(after.name),
            )
        )
    return found


@cache
def members_of_intercommunalities(year: int) -> list[Member]:
    """One fictitious EPCI a département, the first commune of the next one being in it now and then."""
    codes = list(values.departments())
    seats = {code: geography.current_communes(code) for code in codes}
    found = []
    for rank, code in enumerate(codes):
        # An EPCI may stand on two départements: of every tenth, one commune belongs to its neighbour.
        lent = rank % 10 == 1
        members = [c for c in seats[code] if not lent or c is not seats[code][0]]
        if rank % 10 == 0 and rank + 1 < len(codes):
            members.append(seats[codes[rank + 1]][0])
        counts = [geography.inhabitants(c.department, year)[c] for c in members]
        for number, (commune, count) in enumerate(zip(members, counts, strict=True), start=1):
            found.append(
                Member(
                    **vars(_commune(commune, count)),
                    siren=f"2999{rank:05d}",
                    epci=f"CC d'essai {code}",
                    siege=code,
                    rang=number,
                    nombre=len(members),
                    total=sum(counts),
                    siren_membre=f"2{rank:04d}{number:04d}",
                )
            )
    return found


DIMENSIONS: dict[str, Callable[[int], list[Member]]] = {
    "departement": departments,
    "region": regions,
    "commune": communes,
    "commune_du_cog": communes_of_the_code,
    "commune_ou_arrondissement": communes_and_districts,
    "commune_apl": communes_of_the_apl,
    "ancien_code": former_codes,
    "territoire": labelled_territories,
    "tvs": healthcare_areas,
    "membre_epci": members_of_intercommunalities,
}


def members(wanted: str | dict, period: dt.date, lag: int) -> tuple[str, list[Member]]:
    """Name and members of one entry of ``par``: a name above, or ``{name: list | labels | count}``.

    ``{annee: 2016}`` counts the years from 2016 to the period's; ``trimestre`` is the quarter that the
    period ends; ``lag`` is how many years the populations are behind the period. Raises
    ConfigurationError for an unknown name.
    """
    if wanted == "trimestre":
        first = dt.date(period.year, period.month - 2, 1)
        return wanted, [Member(code=period.isoformat(), debut=first.isoformat(), fin=period.isoformat())]
    if isinstance(wanted, str):
        if wanted not in DIMENSIONS:
            raise ConfigurationError(
                f"trial/sources.yml : dimension inconnue « {wanted} ». Connues : {', '.join(DIMENSIONS)}."
            )
        return wanted, DIMENSIONS[wanted](period.year - lag)
    ((name, given),) = wanted.items()
    if name == "annee":
        return name, [Member(code=str(year)) for year in range(given, period.year + 1)]
    if isinstance(given, int):
        return name, [Member(code=str(rank)) for rank in range(1, given + 1)]
    labels = given if isinstance(given, dict) else {code: code for code in given}
    return name, [Member(code=str(code), libelle=label) for code, label in labels.items()]
