"""Rows of the fictitious extracts, named by the columns of the contracts.

Each kind of row is one function ``(source, period) -> iterator of dict``; a source names its kind in
sources.yml. The « observatoire » kind serves every source made of territories × periods (× professions
× ages × sexes): the dimensions are those that its contract has.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import product

from acces_soins.catalog import Source
from acces_soins.errors import ConfigurationError
from acces_soins.trial import geography, values
from acces_soins.trial.formats import Renderer
from acces_soins.trial.periods import period_ends
from acces_soins.trial.values import Cell

Row = dict[str, object]
TWIN = "_integer"


def options(source: Source) -> dict:
    """The entry of a source in sources.yml; raises ConfigurationError when there is none."""
    try:
        return values.model()["sources"][source.id]
    except KeyError as error:
        raise ConfigurationError(
            f"source « {source.id} » : aucune entrée dans trial/sources.yml ; "
            "ajoutez-y ses lignes et ses mesures pour produire son extrait d'essai."
        ) from error


def rows(source: Source, period: dt.date) -> Iterator[Row]:
    """Rows of the extract of that period, in the file's order."""
    return KINDS[options(source)["lignes"]](source, period)


# Territories × periods


def _territories(unknown: bool) -> list[tuple[str, Row]]:
    """(territory of the model, its four columns) for départements, régions, France."""

    def columns(*cells: str) -> Row:
        return dict(
            zip(("region", "libelle_region", "departement", "libelle_departement"), cells, strict=True)
        )

    # The Assurance Maladie writes this région without its circumflex.
    names = {code: name.replace("Î", "I") for code, name in values.regions().items()}
    found = [
        (d.code, columns(d.region, names[d.region], d.code, d.name)) for d in values.departments().values()
    ]
    found += [
        (f"R{code}", columns(code, name, "999", "Tout département")) for code, name in sorted(names.items())
    ]
    found.append((values.FRANCE, columns("99", "FRANCE", "999", "FRANCE")))
    if unknown:
        found.append(("inconnu", columns(*["inconnu"] * 4)))
    return found


def days(source: Source, period: dt.date) -> list[dt.date]:
    """Period ends in the file: every year for an annual series, else the only snapshot."""
    if source.cadence != "annuelle":
        return [period]
    first = options(source).get("depuis", values.model()["depuis"])
    return list(period_ends(12, period, since=dt.date(first, 12, 31)))[::-1]


def _quantity(source: Source, column: str) -> str | None:
    """Quantity behind a column: named in sources.yml, or of the same name; a twin has its twin's."""
    name = column.removesuffix(TWIN)
    name = options(source).get("mesures", {}).get(name, name)
    return name if name in values.model()["quantites"] else None


def observatory(source: Source, period: dt.date) -> Iterator[Row]:
    """Territories × periods, and × professions, ages, sexes when the contract has these columns."""
    names = [column.name for column in source.columns]
    measures = {n: q for n in names if (q := _quantity(source, n))}
    quantities = values.model()["quantites"]
    renderers = {n: Renderer.of(source.column(n), quantities[q]) for n, q in measures.items()}
    constants = options(source).get("constantes", {})
    year_style = "{}" if Renderer.accepts(source.column("annee"), "2024") else "{}-01-01"
    professions = list(values.professions()) if "profession_sante" in names else [None]
    ages = [None, *values.model()["ages"]] if "classe_age" in names else [None]
    sexes = [None, *values.model()["sexes"]] if "libelle_sexe" in names else [None]
    territories = _territories(options(source).get("territoire_inconnu", False))
    for day, profession, (territory, columns) in product(days(source, period), professions, territories):
        for age, sex in product(ages, sexes):
            cell = Cell(territory, day, profession, age, sex)
            row = {"annee": year_style.format(day.year), "date": day.isoformat(), **columns, **constants}
            row |= {"profession_sante": profession, "libelle_sexe": sex or "tout sexe"}
            row["classe_age"] = age or "tout_age"
            row["libelle_classe_age"] = values.model()["ages"][age][0] if age else "Tout âge"
            for name, quantity in measures.items():
                row[name] = renderers[name](values.value(quantity, cell))
            yield row


# INSEE


def _named(name: str) -> Row:
    return {"tncc": "0", "ncc": geography.capitals(name), "nccenr": name, "libelle": name}


def cog_communes(source: Source, period: dt.date) -> Iterator[Row]:
    """The official code; région and département are empty for former communes, as published."""
    for commune in geography.communes():
        row = {"typecom": commune.kind, "com": commune.code, "comparent": commune.parent}
        row |= _named(commune.name)
        if commune.kind in ("COM", "ARM"):
            department = values.departments()[commune.department]
            row |= {"reg": department.region, "dep": department.code, "ctcd": f"{department.code}D"}
            row |= {"arr": f"{department.code}1"}
        if commune.kind == "COM":
            row["can"] = f"{commune.department}01"
        yield row


def cog_departments(source: Source, period: dt.date) -> Iterator[Row]:
    for department in values.departments().values():
        chief = geography.chief_town(department.code)
        yield {"dep": department.code, "reg": department.region, "cheflieu": chief} | _named(department.name)


def cog_regions(source: Source, period: dt.date) -> Iterator[Row]:
    for code, name in values.regions().items():
        yield {"reg": code, "cheflieu": geography.chief_town(values.members(f"R{code}")[0])} | _named(name)


def population(source: Source, period: dt.date) -> Iterator[Row]:
    """One row per département: the three blocks (Ensemble, Hommes, Femmes) of six figures."""
    for department in values.departments().values():
        men, women = values.population_by_age_and_sex(department.code, period.year)
        both = tuple(m + w for m, w in zip(men, women, strict=True))
        blocks = [n for block in (both, men, women) for n in (*block, sum(block))]
        yield {"code": department.code, "libelle": department.name, "blocs": blocks}


# DREES


def apl(source: Source, period: dt.date) -> Iterator[Row]:
    """One row per commune of the APL; populations are two years behind."""
    for department, communes in geography.apl_communes().items():
        inhabitants = geography.commune_populations(department, period.year - 2)
        for commune in communes:
            level, count = geography.apl(commune, period.year), inhabitants[commune.code]
            row = {"code_commune": commune.code, "libelle_commune": commune.name, "apl": level}
            share = 0.94 + 0.05 * values.unit("apl", "65", commune.code)
            for age, power in ((65, 1), (62, 2), (60, 3)):
                row[f"apl_{age}"] = None if level is None else round(level * share**power, 3)
            standardised = round(count * (0.92 + 0.16 * values.unit("standardisee", commune.code)), 3)
            # The real workbook carries noise from a binary computation.
            noisy = values.unit("bruit", commune.code) < 0.02
            row["population_standardisee"] = round(standardised) + 4e-9 if noisy else standardised
            row["population_totale"] = count
            yield row


# FINESS


def _count(category: str, department: str, day: dt.date) -> int:
    _, rate, growth, _ = values.model()["categories_finess"][category]
    level = rate * (1 + 0.25 * values.bell("finess", category, department))
    level += growth * values.years_since_2020(day)
    return max(int(level * values.departments()[department].population_2020 / 100_000), 0)


def _openings(category: str, department: str, stock: dt.date) -> list[dt.date]:
    """Opening day of each establishment of a category that is open on the day of the stock."""
    first = dt.date(2015, 12, 31)
    found: list[dt.date] = []
    for day in reversed(list(period_ends(3, stock, since=first))):
        count = _count(category, department, day)
        del found[count:]
        while len(found) < count:
            old = dt.date(1985 + int(30 * values.unit("ouverture", category, department, len(found))), 1, 1)
            found.append(old if day == first else day)
    return found


def _finess_stem(department: str) -> str:
    """First four characters of a FINESS number: overseas numbers begin with 970."""
    return f"{department}00" if len(department) == 2 else f"970{department[2]}"


def establishments(source: Source, period: dt.date) -> Iterator[Row]:
    """Open establishments on the day of the stock, with an invented name and no contact at all."""
    categories = values.model()["categories_finess"]
    for department in values.departments().values():
        stem, places = _finess_stem(department.code), geography.current_communes(department.code)
        for rank, (category, (label, _, _, name)) in enumerate(categories.items(), start=1):
            for number, opening in enumerate(_openings(category, department.code, period), start=1):
                place = places[int(values.unit("lieu", category, department.code, number) * len(places))]
                # Some real names hold one stray quotation mark.
                quote = '"' if values.unit("guillemet", category, department.code, number) < 0.01 else ""
                yield {
                    "section": "structureet",
                    "nofinesset": f"{stem}{rank}{number:04d}",
                    "nofinessej": f"{stem}9{rank}{number // 2:03d}",
                    "rs": f"{name} {quote}{department.code}-{number}",
                    "commune": place.code[-3:],
                    "departement": department.finess,
                    "libdepartement": geography.capitals(department.name),
                    "categetab": category,
                    "libcategetab": label,
                    "dateouv": opening.isoformat(),
                    "dateautor": opening.isoformat(),
                    "datemaj": opening.isoformat(),
                }


def equipment(source: Source, period: dt.date) -> Iterator[Row]:
    """Heavy equipment authorised in hospitals."""
    for hospital in establishments(source, period):
        if hospital["categetab"] not in ("101", "355"):
            continue
        number = hospital["nofinesset"]
        for rank, (code, label) in enumerate(values.model()["equipements"].items(), start=1):
            if values.unit("equipement", code, number) < 0.4:
                continue
            arhgos = f"{hospital['departement']}-{number[-5:]}-{rank}"
            yield {
                "nofinessej": hospital["nofinessej"],
                "rsej": f"ENTITE JURIDIQUE D'ESSAI {hospital['nofinessej']}",
                "eml": code,
                "libeml": label,
                "noautor": f"{number[:2]}26{number[-4:]}{rank}",
                "noautorarhgos": arhgos,
                "noimplarhgos": arhgos,
                "dateautor": hospital["dateautor"],
                "nofinesset": number,
                "datemeo": hospital["dateouv"],
            }


KINDS: dict[str, Callable[[Source, dt.date], Iterator[Row]]] = {
    "observatoire": observatory,
    "cog_communes": cog_communes,
    "cog_departements": cog_departments,
    "cog_regions": cog_regions,
    "population": population,
    "apl": apl,
    "etablissements": establishments,
    "equipements": equipment,
}
