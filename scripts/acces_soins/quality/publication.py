"""The second border: the private build against the catalogue and the previous publication."""

from dataclasses import astuple
from pathlib import Path

import duckdb

from acces_soins import french, history
from acces_soins.catalog import MODELS, Indicator, load_indicators, read_yaml
from acces_soins.quality.engine import run_checks
from acces_soins.quality.results import CRITICAL, CheckResult
from acces_soins.quality.suites import (
    EXPECTATIONS,
    TERRITORIES,
    Entry,
    Scope,
    elements_of,
    expand,
    load_suite,
    referential,
)
from acces_soins.settings import get_settings
from acces_soins.sql_text import literal

LEVELS = ("departement", "region", "france")
# What queries read besides the marts that have a suite, each under its own name.
VIEWS = {
    "indicateurs": "marts.indicateurs_trimestriels",
    "contexte": "registre.contexte",
    # « territoires » is the reference itself.
    "territoires_publies": "marts.territoires",
}
LONG_TABLE = VIEWS["indicateurs"]
# How an indicator says which change surprises: the column that it bounds and its unit. Of a share a change is
# told in points: from 0.1 % to 2 % it is « + 1 900 % » and no surprise.
RELATIVE = "evolution_pct"
ALERTS = {"variation_alerte_pct": (RELATIVE, "%"), "variation_alerte_points": ("evolution", "point(s)")}
REGISTER = EXPECTATIONS / "registre" / "valeurs.yml"
QUARTER_MACROS = """
CREATE MACRO fin_trimestre(trimestre) AS
    last_day(make_date(left(trimestre, 4)::INTEGER, 3 * right(trimestre, 1)::INTEGER, 1));
CREATE MACRO trimestre_de(jour) AS year(jour) || 'T' || quarter(jour);
"""


def check_publication(database: Path, previous_database: Path | None, run: str) -> list[CheckResult]:
    """Run every suite of ``expectations/publication`` on the private build's ``marts``.

    Args:
        database: the private DuckDB file; no process may be writing it.
        previous_database: the served publication; None before the first one.
        run: id of the night or of the command.

    Raises:
        ConfigurationError: a suite is wrong or names an indicator that the catalogue lacks.
    """
    indicators = load_indicators()
    results: list[CheckResult] = []
    with duckdb.connect() as connection:
        _prepare(connection, database, previous_database, indicators)
        scope = _scope(indicators, {"precedent"} if previous_database else set())
        for path in suite_paths():
            checks = expand(load_suite(path), scope)
            results += run_checks(checks, connection, run, f"publication/{path.stem}", f"marts.{path.stem}")
    return [*results, *check_register(run)]


def check_register(run: str) -> list[CheckResult]:
    """Critical: no past row of the register of published values was removed, changed or slipped in."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE fautes (fichier VARCHAR, attendu VARCHAR, trouve VARCHAR, que_faire VARCHAR)"
        )
        if rows := [list(astuple(fault)) for fault in history.faults()]:
            connection.executemany("INSERT INTO fautes VALUES (?, ?, ?, ?)", rows)
        checks = expand(load_suite(REGISTER), Scope({}, {}, {}, frozenset()))
        return run_checks(checks, connection, run, "registre/valeurs", "registre")


def suite_paths() -> list[Path]:
    """One suite per mart that it guards, named after it; the long table comes first."""
    paths = (EXPECTATIONS / "publication").glob("*.yml")
    return sorted(paths, key=lambda path: (f"marts.{path.stem}" != LONG_TABLE, path.stem))


def critical_checks_by_indicator(indicators: dict[str, Indicator]) -> dict[str, list[str]]:
    """Names of the critical checks that look at each indicator by itself, previous publication aside."""
    scope = _scope(indicators, set())
    covered: dict[str, list[str]] = {code: [] for code in indicators}
    for entry in (entry for path in suite_paths() for entry in load_suite(path)):
        if entry.severity == CRITICAL and not entry.node.get("exige"):
            for code in _codes_of(entry, scope):
                covered[code].append(entry.name)
    return covered


def _codes_of(entry: Entry, scope: Scope) -> list[str]:
    if not str(entry.node.get("pour_chaque", "")).startswith("indicateurs"):
        return []
    return [element["id"] for element in elements_of(entry, scope)]


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    previous: Path | None,
    indicators: dict[str, Indicator],
) -> None:
    """Attach both files read-only and create the views and small tables that queries read."""
    connection.execute(QUARTER_MACROS)
    connection.execute(
        f"CREATE VIEW territoires AS SELECT * FROM read_csv({literal(TERRITORIES)}, all_varchar = true)"
    )
    connection.execute(
        "CREATE TABLE hors_champ (code_indicateur VARCHAR, niveau VARCHAR, code_territoire VARCHAR)"
    )
    # The catalogue writes them « departement/976 », « region/06 ».
    outside = [
        (c, *place.split("/")) for c, i in indicators.items() for place in i.meta.get("hors_champ") or ()
    ]
    if outside:
        connection.executemany("INSERT INTO hors_champ VALUES (?, ?, ?)", outside)
    attached = {"construction": database, "servie": previous}
    for alias, path in attached.items():
        if path:
            connection.execute(f"ATTACH {literal(path)} AS {alias} (READ_ONLY)")
    marts = {
        path.stem: table for path in suite_paths() if (table := f"marts.{path.stem}") not in VIEWS.values()
    }
    for view, table in (VIEWS | marts).items():
        _view(connection, view, "construction", table)
    if previous:
        _view(connection, "indicateurs_avant", "servie", LONG_TABLE)


def _view(connection: duckdb.DuckDBPyConnection, name: str, database: str, table: str) -> None:
    """A table that is not there makes no view: the checks that read it fail, as critical."""
    schema, _, table_name = table.partition(".")
    known = connection.execute(
        "SELECT 1 FROM duckdb_columns() WHERE (database_name, schema_name, table_name) = (?, ?, ?)",
        [database, schema, table_name],
    ).fetchone()
    if known:
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {database}.{table}")


def _scope(indicators: dict[str, Indicator], facts: set[str]) -> Scope:
    elements = [_indicator_element(indicator) for indicator in indicators.values()]
    return Scope(
        catalogue={"codes_indicateurs": list(indicators)},
        texts={
            "premier_trimestre": f"DATE '{_first_quarter_end()}'",
            "jour": f"DATE '{get_settings().today}'",
        },
        lists={
            "indicateurs": elements,
            "indicateurs_additifs": [e for e in elements if indicators[e["id"]].meta.get("additif")],
            "indicateurs_bornes": [e for e in elements if e["catalogue"]["bornes"]],
            "indicateurs_avec_alerte": [e for e in elements if "variation_alerte" in e["catalogue"]],
            "indicateurs_alerte_relative": [e for e in elements if e["texts"].get("evolution") == RELATIVE],
            "indicateurs_avec_report": [e for e in elements if "report_max_trimestres" in e["catalogue"]],
            "niveaux": [
                {"id": n, "texts": {"niveau": n, "nombre": str(len(referential(n)))}, "catalogue": {}}
                for n in LEVELS
            ],
        },
        facts=frozenset(facts),
    )


def _indicator_element(indicator: Indicator) -> dict:
    meta = indicator.meta
    bounds = meta.get("bornes")
    catalogue = {"bornes": {"min": bounds[0], "max": bounds[1]} if bounds else None}
    texts = {"code": indicator.code, "unite": str(meta.get("unite", ""))}
    if bounds:
        texts |= {"min": french.significant(bounds[0]), "max": french.significant(bounds[1])}
    for name, (column, unit) in ALERTS.items():
        if (alert := meta.get(name)) is not None:
            catalogue |= {"variation_alerte": alert, "variation_alerte_negative": -alert}
            told = f"{french.significant(alert)} {french.agreed(unit, alert)}"
            texts |= {"evolution": column, "alerte": told}
    if (age := meta.get("report_max_trimestres")) is not None:
        catalogue["report_max_trimestres"] = age
        texts["report_max"] = str(age)
    return {"id": indicator.code, "texts": texts, "catalogue": catalogue}


def _first_quarter_end() -> str:
    return read_yaml(MODELS.parent / "dbt_project.yml")["vars"]["premier_trimestre"]
