"""A small fictitious country: the real départements, a dozen communes in each, real arrondissements."""

import unicodedata
from dataclasses import dataclass
from functools import cache

from acces_soins.trial import values

# commune code: (name, codes of its municipal arrondissements)
CITIES = {
    "75056": ("Paris", range(75101, 75121)),
    "69123": ("Lyon", range(69381, 69390)),
    "13055": ("Marseille", range(13201, 13217)),
}
FORMER_EVERY = 10  # one département in ten keeps a déléguée and an associée
NOT_IN_APL = "976"


@dataclass(frozen=True)
class Commune:
    """A commune (COM), an arrondissement (ARM), or a former commune (COMD, COMA) and its parent."""

    kind: str
    code: str
    name: str
    department: str
    parent: str = ""


@cache
def communes() -> tuple[Commune, ...]:
    """Every commune, in the order of the official code: COM, then ARM, COMD, COMA."""
    current, districts, former = [], [], []
    for rank, department in enumerate(values.departments()):
        current.extend(current_communes(department))
        if rank % FORMER_EVERY == 0:
            former.extend(_former_communes(department))
    for city, (name, codes) in CITIES.items():
        for rank, code in enumerate(map(str, codes), start=1):
            label = f"{name} {rank}{'er' if rank == 1 else 'e'} Arrondissement"
            districts.append(Commune("ARM", code, label, city[:2], city))
    return (*current, *districts, *sorted(former, key=lambda c: (c.kind != "COMD", c.code)))


@cache
def current_communes(department: str) -> tuple[Commune, ...]:
    """Communes of a département today (no arrondissement), the three cities included."""
    city = next((code for code in CITIES if code.startswith(department)), None)
    found = []
    if department != "75":
        for rank in range(1, values.model()["communes_par_departement"] + 1):
            code = department + str(rank).zfill(5 - len(department))
            found.append(Commune("COM", code, f"Commune d'essai {code}", department))
    if city:
        found.append(Commune("COM", city, CITIES[city][0], department))
    return tuple(found)


def _former_communes(department: str) -> list[Commune]:
    parents = [c.code for c in current_communes(department)[:2]]
    stem = department + "9" if len(department) == 2 else department
    return [
        Commune(kind, f"{stem}{number}", f"Ancienne commune d'essai {stem}{number}", department, parent)
        for kind, number, parent in zip(("COMD", "COMA"), ("91", "92"), parents, strict=True)
    ]


@cache
def chief_town(department: str) -> str:
    """The city of a département, else its first commune."""
    found = current_communes(department)
    return found[-1].code if found[-1].code in CITIES else found[0].code


def capitals(text: str) -> str:
    """A name as the official code writes it in capitals: no accent, no hyphen, no apostrophe."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain.upper().replace("-", " ").replace("'", " ")


@cache
def apl_communes() -> dict[str, tuple[Commune, ...]]:
    """By département, the communes of the APL: arrondissements in place of the three cities, some codes
    that have since become those of déléguées, and no Mayotte."""
    kept: dict[str, list[Commune]] = {}
    for commune in communes():
        if commune.code not in CITIES and commune.kind != "COMA" and commune.department != NOT_IN_APL:
            kept.setdefault(commune.department, []).append(commune)
    return {department: tuple(found) for department, found in kept.items()}


@cache
def commune_populations(department: str, year: int) -> dict[str, int]:
    """Inhabitants of the communes of the APL; they sum to the département's."""
    found = apl_communes()[department]
    size = {"ARM": 2.0, "COMD": 0.1}
    weights = [
        size.get(c.kind, 3 / rank) * (0.6 + 0.8 * values.unit("commune", c.code))
        for rank, c in enumerate(found, start=1)
    ]
    parts = values.split(values.population(department, year), weights)
    return {c.code: n for c, n in zip(found, parts, strict=True)}


@cache
def inhabitants(department: str, year: int) -> dict[Commune, int]:
    """Inhabitants of the communes of today; they sum to the département's."""
    found = current_communes(department)
    weights = [3 / rank for rank in range(1, len(found) + 1)]
    parts = values.split(values.population(department, year), weights)
    return dict(zip(found, parts, strict=True))


def healthcare_area(commune: Commune) -> str:
    """The territoire de vie-santé of a commune: four communes share one, on five characters."""
    return f"{commune.department}{'ABC'[int(commune.code[-2:]) % 3]}".ljust(5, "_")
