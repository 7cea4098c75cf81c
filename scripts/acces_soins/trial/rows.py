"""Rows of the fictitious extracts, named by the columns of the contracts.

Each kind of row is one function ``(source, period) -> iterator of dict``; a source names its kind in
sources.yml. « contrat » (contract_rows.py) makes rows of its own contract; a function is written here
only for rows that it cannot make. The « observatoire » kind serves every source made of territories ×
periods (× professions × ages × sexes): the dimensions are those that its contract has.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import product

from acces_soins.catalog import Source
from acces_soins.trial import contract_rows, geography, values
from acces_soins.trial.contract_rows import Row
from acces_soins.trial.formats import Renderer
from acces_soins.trial.periods import period_ends
from acces_soins.trial.values import Cell, options

TWIN = "_integer"


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
    """Territories × periods, and × professions, ages, sexes, sectors when the contract has these columns;
    a contract without territories is one of France alone."""
    names = [column.name for column in source.columns]
    measures = {n: q for n in names if (q := _quantity(source, n))}
    quantities = values.model()["quantites"]
    renderers = {n: Renderer.of(source.column(n), quantities[q]) for n, q in measures.items()}
    constants = options(source).get("constantes", {})
    year_style = "{}-01-01" if Renderer.accepts(source.column("annee"), "2024-01-01") else "{}"
    professions, ages, sexes, sectors = _dimensions(source)
    territories = _territories(options(source).get("territoire_inconnu", False))
    if "departement" not in names:
        territories = [(values.FRANCE, {})]
    for day, profession, (territory, columns) in product(days(source, period), professions, territories):
        for age, sex, sector in product(ages, sexes, sectors):
            cell = Cell(territory, day, profession, age, sex, sector)
            row = {"annee": year_style.format(day.year), "date": day.isoformat(), **columns, **constants}
            row |= {"profession_sante": profession, "libelle_sexe": sex or "tout sexe"}
            row["classe_age"] = age or "tout_age"
            row["libelle_classe_age"] = values.model()["ages"][age][0] if age else "Tout âge"
            row["secteur_conventionnel"] = sector or values.model()["tout_secteur"]["code"]
            row["libelle_secteur_conventionnel"] = (
                values.model()["secteurs"][sector][0] if sector else values.model()["tout_secteur"]["libelle"]
            )
            for name, quantity in measures.items():
                row[name] = renderers[name](values.value(quantity, cell))
            yield row


def _dimensions(source: Source) -> tuple[list, list, list, list]:
    """Professions, ages, sexes and sectors of a source, ``None`` standing for all of them."""
    names = {column.name for column in source.columns}
    professions = options(source).get("professions", list(values.professions()))
    return (
        professions if "profession_sante" in names else [None],
        [None, *values.model()["ages"]] if "classe_age" in names else [None],
        [None, *values.model()["sexes"]] if "libelle_sexe" in names else [None],
        [None, *values.model()["secteurs"]] if "secteur_conventionnel" in names else [None],
    )


def _prevalence(top: str, code: str) -> float:
    """How much more or less than the ordinary a pathology strikes a département."""
    return 0.8 + 0.4 * values.unit("prevalence", top, code)


def pathologies(source: Source, period: dt.date) -> Iterator[Row]:
    """Territories × pathologies × ages × sexes by year; fewer than eleven patients are blank."""
    wanted = options(source)
    cells = product(
        days(source, period), wanted["pathologies"].items(), wanted["ages"].items(), wanted["sexes"].items()
    )
    territories = _territories(unknown=False)
    for day, (top, disease), (age, (age_label, age_share)), (sex, (sex_label, sex_share)) in cells:
        for territory, columns in territories:
            count = round(values.population(territory, day.year) * age_share * sex_share, -1)
            ill = sum(
                _prevalence(top, code) * values.population(code, day.year)
                for code in values.members(territory)
            )
            patients = round(disease["prevalence"] / 100 * ill * age_share * sex_share, -1)
            row = {name: columns[name] for name in ("region", "libelle_region", "libelle_departement")}
            yield row | {
                "annee": str(day.year),
                "patho_niv1": disease["libelle"],
                "top": top,
                "cla_age_5": age,
                "sexe": sex,
                "dept": columns["departement"],
                "ntop": int(patients) if patients >= 11 else "",
                "npop": int(count),
                "prev": round(100 * patients / count, 3) if patients >= 11 else "",
                "niveau_prioritaire": "1",
                "libelle_classe_age": age_label,
                "libelle_sexe": sex_label,
                "tri": "1.0",
            }


# INSEE


BROAD_AGES = ["0 à 19 ans", "20 à 39 ans", "40 à 59 ans", "60 à 74 ans", "75 ans et plus"]
FIVE_YEAR_AGES = [*(f"{age} à {age + 4} ans" for age in range(0, 95, 5)), "95 ans et plus"]
# Shares of the five-year bands in each broad class.
FIVE_YEAR_SHARES = [(24, 25, 26, 25), (24, 24, 26, 26), (25, 25, 25, 25), (38, 34, 28), (35, 28, 21, 12, 4)]


def population(source: Source, period: dt.date) -> Iterator[Row]:
    """One row per département: the three blocks (Ensemble, Hommes, Femmes), each with its total."""
    quinquennial = options(source).get("quinquennal", False)
    for department in values.departments().values():
        men, women = values.population_by_age_and_sex(department.code, period.year)
        if quinquennial:
            men, women = _by_five_years(men), _by_five_years(women)
        both = tuple(m + w for m, w in zip(men, women, strict=True))
        blocks = [n for block in (both, men, women) for n in (*block, sum(block))]
        ages = FIVE_YEAR_AGES if quinquennial else BROAD_AGES
        yield {"code": department.code, "libelle": department.name, "ages": ages, "blocs": blocks}


def _by_five_years(classes: tuple[int, ...]) -> tuple[int, ...]:
    parts = zip(classes, FIVE_YEAR_SHARES, strict=True)
    return tuple(n for total, shares in parts for n in values.split(total, list(shares)))


MELODI_AGES = ["Y_LT20", "Y20T39", "Y40T59", "Y60T74", "Y_GE75"]


def melodi_population(source: Source, period: dt.date) -> Iterator[Row]:
    """Territories × years × sexes × ages as Melodi codes them; the last year is provisional."""
    territories = [(f"DEP-{code}", code) for code in values.departments()]
    territories += [(f"REG-{code}", f"R{code}") for code in values.regions()]
    territories.append(("FRANCE-F", values.FRANCE))
    for (place, territory), day in product(territories, days(source, period)):
        parts = [values.population_by_age_and_sex(code, day.year) for code in values.members(territory)]
        men, women = ([sum(ages) for ages in zip(*sex, strict=True)] for sex in zip(*parts, strict=True))
        both = [m + w for m, w in zip(men, women, strict=True)]
        for sex, ages in (("_T", both), ("M", men), ("F", women)):
            for age, count in [("_T", sum(ages)), *zip(MELODI_AGES, ages, strict=True)]:
                row = {"geo": f"{period.year}-{place}", "freq": "A", "time_period": str(day.year)}
                row |= {"ep_measure": "POP_JAN_1ST", "sex": sex, "age": age, "obs_value": float(count)}
                yield row | {"obs_status": "P" if day == period else "A"}


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
    """First four characters of a FINESS number: 970 overseas, except in Mayotte."""
    if department == "976":
        return "9805"
    return f"{department}00" if len(department) == 2 else f"970{department[2]}"


def establishments(source: Source, period: dt.date) -> Iterator[Row]:
    """Open establishments on the day of the stock, of some categories or all; no contact at all."""
    categories = values.model()["categories_finess"]
    kept = options(source).get("categories", list(categories))
    for department in values.departments().values():
        stem, places = _finess_stem(department.code), geography.current_communes(department.code)
        for rank, (category, (label, _, _, name)) in enumerate(categories.items(), start=1):
            if category not in kept:
                continue
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


def care_activities(source: Source, period: dt.date) -> Iterator[Row]:
    """Care activities authorised in hospitals; every hospital has the first one."""
    for hospital in establishments(source, period):
        if hospital["categetab"] not in ("101", "355"):
            continue
        number = hospital["nofinesset"]
        for rank, (code, label) in enumerate(values.model()["activites_soins"].items()):
            if rank and values.unit("activite", code, number) < 0.5:
                continue
            authorised = f"{_serial(number)}{rank}"
            arhgos = f"{authorised[:2]}-{authorised[2:4]}-{authorised[4:]}"
            yield {
                "nofinessej": hospital["nofinessej"],
                "rsej": f"ENTITE JURIDIQUE D'ESSAI {hospital['nofinessej']}",
                "activite": code,
                "libactivite": label,
                "modalite": "00",
                "libmodalite": "Pas de modalité",
                "forme": "01",
                "libforme": "Hospitalisation complète (24 heures consécutives ou plus)",
                "noautor": authorised,
                "dateautor": hospital["dateautor"],
                "nofinesset": number,
                "rset": hospital["rs"].replace('"', ""),
                "noligautor": authorised,
                "noautorarhgos": arhgos,
                "noimplarhgos": arhgos,
                "datemeo": hospital["dateouv"],
            }


def _serial(number: str) -> str:
    """A hospital's number in eight figures, Corsica's letters being figures too."""
    return number[:4].replace("2A", "20").replace("2B", "99") + number[4] + number[-3:]


def located(source: Source, period: dt.date) -> Iterator[Row]:
    """Coordinates of establishments in metres, in the legal system of their territory."""
    for each in establishments(source, period):
        system = "LAMBERT_93" if each["departement"] < "9A" else "UTM"
        yield {
            "section": "geolocalisation",
            "nofinesset": each["nofinesset"],
            "coordxet": f"{100_000 + 1_000_000 * values.unit('x', each['nofinesset']):.1f}",
            "coordyet": f"{6_100_000 + 1_000_000 * values.unit('y', each['nofinesset']):.1f}",
            "sourcecoordet": f"1,ATLASANTE,100,essai,BAN,{system}",
            "datemaj": each["datemaj"],
        }


# South, north, west, east in degrees: where fictitious sites of a département stand.
BOXES = {
    "971": (15.9, 16.5, -61.8, -61.0),
    "972": (14.4, 14.9, -61.2, -60.8),
    "973": (2.5, 5.5, -54.0, -52.0),
    "974": (-21.3, -20.9, 55.3, 55.8),
    "976": (-12.9, -12.7, 45.1, 45.2),
}
MAINLAND = (43.5, 49.0, -1.0, 7.0)


def structures(source: Source, period: dt.date) -> Iterator[Row]:
    """Establishments as the JSON tells them: every twentieth is closed, axes stand in either order."""
    codes = {department.finess: department.code for department in values.departments().values()}
    for rank, each in enumerate(establishments(source, period), start=1):
        number, department = each["nofinesset"], codes[each["departement"]]
        south, north, west, east = BOXES.get(department, MAINLAND)
        latitude = f"{south + (north - south) * values.unit('latitude', number):.6f}"
        longitude = f"{west + (east - west) * values.unit('longitude', number):.6f}"
        swapped = rank % 10 == 0
        closed = rank % 20 == 0
        yield {
            "nofinesset": number,
            "ege_id": str(rank),
            "nofinessej": each["nofinessej"],
            "rs": each["rs"],
            "rslongue": each["rs"],
            "categetab": each["categetab"],
            "etat": "I" if closed else "A",
            "code_commune": department + each["commune"][len(department) - 2 :],
            "code_postal": f"{department:0<5}",
            "coordonnee_x": latitude if swapped else longitude,
            "coordonnee_y": longitude if swapped else latitude,
            "dateouv": each["dateouv"],
            "dateautor": each["dateautor"],
            "datefermeture": period.isoformat() if closed else "",
        }


def exercised_activities(source: Source, period: dt.date) -> Iterator[Row]:
    """The care activities of hospitals, as the JSON tells them, and one of another nature."""
    for rank, each in enumerate(care_activities(source, period), start=1):
        other = rank % 5 == 0
        yield {
            "activite_id": str(rank),
            "nofinesset": each["nofinesset"],
            "ege_id": each["nofinesset"],
            "nofinessej": each["nofinessej"],
            "etat": "I" if rank % 20 == 0 else "A",
            "nature": "ASDR" if other else "AMF",
            "activite_amf": "" if other else each["activite"],
            "modalite_amf": "" if other else each["modalite"],
            "forme_amf": "" if other else each["forme"],
            "noautorarhgos": each["noautorarhgos"],
            "datedebut": each["dateautor"],
        }


# DITP, ARS

BAROMETER_START, BAROMETER_TARGET = dt.date(2022, 12, 1), dt.date(2027, 12, 1)


def barometer(source: Source, period: dt.date) -> Iterator[Row]:
    """Three rows a zone: the initial value, the last measure and the target, dated the first of a month."""
    wanted = options(source)
    zones = [(f"D{code}", "DEPT", code) for code in values.departments()]
    zones += [(f"R{code}", "REG", f"R{code}") for code in values.regions()]
    for zone, level, territory in [*zones, ("FRANCE", "NAT", values.FRANCE)]:
        if quantity := wanted.get("quantite"):
            start, now = (
                float(values.value(quantity, Cell(territory, d))) for d in (BAROMETER_START, period)
            )
            target = round(start * wanted["multiple"])
        else:
            spread = wanted.get("ecart", 0.2)
            start = round(wanted["depart"] * (1 - spread * values.unit(source.id, zone)), 2)
            target = wanted["cible"]
            progress = 0.2 + 0.5 * values.unit(source.id, zone, period)
            now = round(start + progress * (target - start), 2)
        row = {"indic_id": wanted["code"], "enforce_zone_id": zone, "maille": level}
        yield row | {"metric_enforce_date": BAROMETER_START, "indic_vi": start, "indic_va": start}
        done = round(100 * (now - start) / (target - start), 2) if target > start else ""
        yield row | {"metric_enforce_date": period.replace(day=1), "indic_va": now, "indic_ta": done}
        yield row | {"metric_enforce_date": BAROMETER_TARGET, "indic_vc": float(target)}


KINDS: dict[str, Callable[[Source, dt.date], Iterator[Row]]] = {
    "contrat": contract_rows.rows,
    "observatoire": observatory,
    "pathologies": pathologies,
    "population": population,
    "population_melodi": melodi_population,
    "etablissements": establishments,
    "equipements": equipment,
    "activites_soins": care_activities,
    "geolocalisations": located,
    "structures": structures,
    "activites_exercees": exercised_activities,
    "barometre": barometer,
}
