"""Served versions made in milliseconds: the tables that a release is judged by, a few fictitious figures."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from acces_soins import history, publication
from acces_soins.verification import published_contracts
from acces_soins.versioning import Inputs

TABLES = (
    "indicateurs_trimestriels",
    "catalogue_indicateurs",
    "territoires",
    "revisions",
    "rapprochements",
    history.KNOWN_MART,
)
CONTRACTS = {table: columns for table, columns in published_contracts().items() if table in TABLES}
MARKS = "intermediaire.int_indicateurs__empreintes"
TERRITORIES = (
    ("departement", "2A", "94"),
    ("departement", "2B", "94"),
    ("region", "94", "94"),
    ("france", "FR", None),
)


@dataclass(frozen=True)
class Point:
    """One row of the long table; the fictitious indicator ``nb_msp`` adds up."""

    level: str
    territory: str
    value: float | None
    quarter: str = "2026T3"
    status: str = "observe"
    reason: str | None = None
    day: str = "2026-09-30"
    code: str = "nb_msp"
    age: int = 0
    sha256: str = "f"

    def row(self) -> dict:
        return {
            "code_indicateur": self.code,
            "niveau": self.level,
            "code_territoire": self.territory,
            "libelle_territoire": f"Territoire d'essai {self.territory}",
            "trimestre": self.quarter,
            "valeur": self.value,
            "unite": "structures",
            "statut": self.status,
            "motif": self.reason,
            "statut_conf": "libre",
            "date_reference": self.day,
            "age_trimestres": self.age,
            "sha256": self.sha256,
            "version_methode": "v1",
        }


def corsica(first: float | None, second: float | None, **details) -> list[Point]:
    """Two départements, their région and a France of these two; a total lacks when a part does."""
    total = None if first is None or second is None else first + second
    values = zip(TERRITORIES, (first, second, total, total), strict=True)
    return [Point(level, code, value, **details) for (level, code, _), value in values]


def publish(
    folder: Path,
    code: str,
    points: list[Point],
    revisions: list[dict] = (),
    closing: str = "2026-09-30",
    contracts: dict = CONTRACTS,
    checks: list[dict] = (),
    others: Path | None = None,
    **inputs,
) -> dict:
    """Publish a version made of ``points`` and enter it in the register, as a night does.

    ``code`` tells builds apart; ``inputs`` are those of ``Inputs`` (``editions={…}``);
    ``contracts`` are the tables that it has; ``checks`` what its checks found; ``others`` a published file
    that fills the tables of which nothing is said here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / f"{code}.duckdb"
    tables = {
        history.MART: [point.row() for point in points],
        "catalogue_indicateurs": [
            {"code_indicateur": name, "libelle": f"Indicateur d'essai {name}", "unite": "structures",
             "decimales": 0, "additif": True, "version_methode": "v1"}
            for name in sorted({point.code for point in points})
        ],
        "territoires": [
            {"niveau": level, "code_territoire": name, "code_region": region}
            for level, name, region in TERRITORIES
        ],
        "revisions": list(revisions),
    }  # fmt: skip
    with duckdb.connect(str(database)) as connection:
        connection.execute("begin; create schema marts; create schema intermediaire; create schema registre")
        connection.execute("create table registre.publications (publication varchar, rang integer)")
        changed = ", ".join(
            f"{name} {kind}" for name, kind in history.columns().items() if name != "publication"
        )
        connection.execute(f"create table {history.CHANGES} ({changed})")
        for rank, name in enumerate(history.publications(), start=1):
            connection.execute("insert into registre.publications values (?, ?)", [name, rank])
        if others:
            connection.execute(f"attach '{others}' as autres (read_only)")
        for table, columns in contracts.items():
            typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"create table marts.{table} ({typed})")
            if others and table not in tables:
                connection.execute(f"insert into marts.{table} by name from autres.marts.{table}")
            for row in tables.get(table, ()):
                marks = ", ".join("?" * len(row))
                connection.execute(
                    f"insert into marts.{table} ({', '.join(row)}) values ({marks})", list(row.values())
                )
        connection.execute(
            f"create table {MARKS} as select 'nb_msp' as code_indicateur, 's' as empreinte_sources, "
            "'c' as empreinte_corrections; commit"
        )
    told = Inputs(
        code=code, commit="abc", date_arrete=closing, donnees="essai", **({"editions": {}} | inputs)
    )
    version = publication.publish(database, told, list(contracts), list(checks), f"nuit-{code}")
    history.record(version)
    return version


def revision(
    level: str, territory: str, old: float, new: float | None, reason: str = "source_revisee"
) -> dict:
    """A row of ``revisions`` as dbt leaves it: the new publication has no name yet."""
    return {
        "code_indicateur": "nb_msp",
        "niveau": level,
        "code_territoire": territory,
        "trimestre": "2026T3",
        "publication_ancienne": "avant",
        "publication_nouvelle": None,
        "ancienne": old,
        "nouvelle": new,
        "raison": reason,
        "statut_ancien": "observe",
        "statut_nouveau": "observe",
    }
