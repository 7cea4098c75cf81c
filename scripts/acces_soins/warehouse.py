"""One private dbt build in a DuckDB file that nobody else opens."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

from acces_soins import landing, ledger
from acces_soins.catalog import Indicator, Source, load_indicators, load_sources, read_yaml
from acces_soins.errors import BuildFailed
from acces_soins.readers.model import LINE, SHEET, kept_columns
from acces_soins.settings import PROJECT, get_settings
from acces_soins.versioning import Inputs

DATABASE = "entrepot.duckdb"
DBT_PROJECT = PROJECT / "dbt_project"
PROVENANCE = {"_edition": "varchar", "_sha256": "varchar", "_date_extraction": "timestamp"}


def build(folder: Path, inputs: Inputs, unit_tests: bool = False) -> Path:
    """Build staging ▸ intermediate ▸ indicators ▸ marts in ``folder``; returns the database's path.

    ``unit_tests`` runs dbt's unit tests too, which a night leaves to the test suite.

    Raises BuildFailed with the first node that failed and dbt's message.
    """
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / DATABASE
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute("set timezone = 'UTC'")
        create_sources(connection)
        create_registers(connection, inputs)
    _run_dbt(database, folder / "dbt", inputs, unit_tests)
    return database


def published_relations() -> list[str]:
    """The marts whose contract says ``publier: true``: everything else stays private."""
    contracts = read_yaml(DBT_PROJECT / "models" / "marts" / "_marts.yml")["models"]
    return [model["name"] for model in contracts if model["config"]["meta"].get("publier")]


def create_sources(connection: duckdb.DuckDBPyConnection) -> None:
    """One view per source over the landed tables that count; an empty typed view without any."""
    for source in load_sources().values():
        connection.execute(f'create schema if not exists "{source.producer}"')
        connection.execute(f'create view "{source.producer}"."{source.table}" as {_source_query(source)}')


def _source_query(source: Source) -> str:
    types = (
        {name: "varchar" for name in kept_columns(source)} | {LINE: "bigint", SHEET: "varchar"} | PROVENANCE
    )
    parts = [
        "select " + ", ".join(f'null::{kind} as "{name}"' for name, kind in types.items()) + " where false"
    ]
    parts += [
        f"select *, {_literal(manifest.edition)} as _edition, {_literal(manifest.sha256)} as _sha256, "
        f"{_literal(manifest.fetched_at)}::timestamptz::timestamp as _date_extraction "
        f"from read_parquet({_literal(str(manifest.table))})"
        for manifest in landing.counting(source)
    ]
    columns = ", ".join(f'"{name}"' for name in types)
    return f"select {columns} from ({' union all by name '.join(parts)})"


def create_registers(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> None:
    """What SQL may know besides the sources: the catalogues, the editions, the failures, the context."""
    connection.execute("create schema registre")
    _create_table(connection, "contexte", _CONTEXT, [(inputs.donnees, inputs.date_arrete)])
    _create_table(connection, "catalogue_sources", _SOURCES, map(_source_row, load_sources().values()))
    _create_table(
        connection, "catalogue_indicateurs", _INDICATORS, map(_indicator_row, load_indicators().values())
    )
    _create_table(connection, "sources_indicateurs", _LINKS, _links())
    _create_table(connection, "editions", _EDITIONS, _edition_rows())
    _create_table(connection, "echecs", _FAILURES, _failure_rows())


_CONTEXT = "donnees varchar, date_arrete date"
_SOURCES = (
    "source varchar, producteur varchar, table_source varchar, libelle_producteur varchar, description varchar, "
    "portail varchar, jeu varchar, protocole varchar, format varchar, cadence varchar, "
    "delai_attendu_jours integer, cle varchar[], nb_colonnes integer, archivage varchar"
)
_INDICATORS = (
    "code_indicateur varchar, theme varchar, libelle varchar, definition varchar, utilite varchar, "
    "formule varchar, unite varchar, decimales integer, sens varchar, cadence varchar, borne_min double, "
    "borne_max double, variation_alerte_pct double, confidentialite_regle varchar, "
    "confidentialite_seuil integer, report_max_trimestres integer, hors_champ varchar[], version_methode varchar, "
    "limites varchar, ne_permet_pas_de_dire varchar, redige_par varchar, prochaine_revue date"
)
_LINKS = "code_indicateur varchar, source varchar"
_EDITIONS = (
    "source varchar, edition varchar, date_edition date, sha256 varchar, date_extraction timestamp, fichier varchar, "
    "lignes bigint, licence varchar, perimetre varchar, date_producteur varchar, rang integer, compte boolean, "
    "attendue_le date"
)
_FAILURES = "source varchar, dernier_echec timestamp, motif_echec varchar"


def _create_table(connection, name: str, columns: str, rows) -> None:
    connection.execute(f"create table registre.{name} ({columns})")
    filled = [tuple(row) for row in rows]
    if filled:
        marks = ", ".join("?" * len(filled[0]))
        connection.executemany(f"insert into registre.{name} values ({marks})", filled)


def _source_row(source: Source) -> tuple:
    return (
        source.id, source.producer, source.table, source.producer_name, source.description,
        source.portal, source.dataset or source.meta.get("chemin"), source.protocol, source.format, source.cadence,
        source.meta["delai_attendu_jours"], source.key, len(source.columns), source.meta["archivage"],
    )  # fmt: skip


def _indicator_row(indicator: Indicator) -> tuple:
    meta = indicator.meta
    low, high = meta["bornes"]
    rule = meta["confidentialite"]
    return (
        indicator.code, indicator.theme, meta["libelle"], meta["definition"], meta["utilite"],
        meta["formule"], meta["unite"], meta["decimales"], meta["sens"], meta["cadence"], low,
        high, meta["variation_alerte_pct"], rule["regle"],
        rule.get("seuil"), meta["report_max_trimestres"], meta.get("hors_champ", []), meta["version_methode"],
        meta["limites"], meta["ne_permet_pas_de_dire"], meta["redige_par"], meta["prochaine_revue"],
    )  # fmt: skip


def _links() -> Iterator[tuple]:
    for indicator in load_indicators().values():
        for source_id in indicator.meta["sources"]:
            yield indicator.code, source_id


def _edition_rows() -> Iterator[tuple]:
    for source in load_sources().values():
        counted = {manifest.rang for manifest in landing.counting(source)}
        for m in landing.manifests(source):
            yield (
                source.id, m.edition, m.date, m.sha256, m.fetched_at, m.fichier,
                m.rows, m.licence, m.perimetre, m.producer_date, m.rang, m.rang in counted,
                source.expected_on(m.edition),
            )  # fmt: skip


def _failure_rows() -> Iterator[tuple]:
    """The last failure of each source, unless it has succeeded since."""
    last: dict[str, dict] = {}
    for record in ledger.read(ledger.EXTRACTIONS):
        last[record["source"]] = record
    for source_id, record in last.items():
        if record["resultat"] in ("refus", "echec"):
            yield source_id, record["inscrit_le"], record["phrase"]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _run_dbt(database: Path, target: Path, inputs: Inputs, unit_tests: bool) -> None:
    """dbt in its own process, so that it leaves no connection open on the file that is read next."""
    target.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, "-m", "dbt.cli.main", "build"),
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target), "--log-path", str(target / "logs")),
        *(() if unit_tests else ("--exclude-resource-type", "unit_test")),
        *("--vars", json.dumps({"date_arrete": inputs.date_arrete})),
        "--quiet",
    ]
    environment = os.environ | {
        "ACCES_SOINS_ENTREPOT": str(database),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise BuildFailed(_first_failure(target / "run_results.json", done.stdout + done.stderr))


def _first_failure(run_results: Path, output: str) -> str:
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"] if run_results.exists() else []
    nodes = [node for node in results if node["status"] in ("error", "fail")]
    if nodes:
        message = " ".join((nodes[0]["message"] or "").split())
        others = f" ; {len(nodes) - 1} autre(s) nœud(s) en échec" if len(nodes) > 1 else ""
        return f"construction dbt arrêtée à {nodes[0]['unique_id']} : {message[:400]}{others}"
    return f"construction dbt impossible : {' '.join(output.split())[-500:]}"


def work_folder(night: str) -> Path:
    """Where one night keeps its private files."""
    return get_settings().work / night
