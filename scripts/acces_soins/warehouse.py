"""One private dbt build in a DuckDB file that nobody else opens."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import duckdb

from acces_soins import french, landing, registers
from acces_soins.catalog import Source, load_sources, read_yaml
from acces_soins.errors import BuildFailed
from acces_soins.readers.model import LINE, SHEET, kept_columns
from acces_soins.settings import PROJECT, get_settings
from acces_soins.sql_text import literal
from acces_soins.versioning import Inputs

DATABASE = "entrepot.duckdb"
DBT_PROJECT = PROJECT / "dbt_project"
LEFT_OUT = ("unit_test",)
TESTS = ("unit_test", "test")
PARSED = "partial_parse.msgpack"
PROVENANCE = {"_edition": "varchar", "_sha256": "varchar", "_date_extraction": "timestamp"}


def build(folder: Path, inputs: Inputs, unit_tests: bool = False, data_tests: bool = True) -> Path:
    """Build staging ▸ intermediate ▸ indicators ▸ marts in ``folder``; returns the database's path.

    ``unit_tests`` runs dbt's unit tests too, which a night leaves (``LEFT_OUT``) to the test suite.
    Without ``data_tests`` only the figures are made.

    Raises BuildFailed with the first node that failed and dbt's message.
    """
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / DATABASE
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute("set timezone = 'UTC'")
        create_sources(connection)
        registers.create(connection, inputs)
    left_out = () if unit_tests else LEFT_OUT if data_tests else TESTS
    _run_dbt(database, folder / "dbt", inputs, left_out)
    return database


def published_relations() -> list[str]:
    """The marts whose contract says ``publier: true``: everything else stays private."""
    files = sorted((DBT_PROJECT / "models" / "marts").glob("*.yml"))
    models = [model for path in files for model in read_yaml(path).get("models", [])]
    return [model["name"] for model in models if model["config"]["meta"].get("publier")]


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
        f"select *, {literal(manifest.edition)} as _edition, {literal(manifest.sha256)} as _sha256, "
        f"{literal(manifest.fetched_at)}::timestamptz::timestamp as _date_extraction "
        f"from read_parquet({literal(manifest.table)})"
        for manifest in landing.counting(source)
    ]
    columns = ", ".join(f'"{name}"' for name in types)
    return f"select {columns} from ({' union all by name '.join(parts)})"


def _run_dbt(database: Path, target: Path, inputs: Inputs, left_out: Iterable[str]) -> None:
    """dbt in its own process, so that it leaves no connection open on the file that is read next."""
    target.mkdir(parents=True, exist_ok=True)
    parsed = get_settings().work / PARSED
    if parsed.exists():
        shutil.copyfile(parsed, target / PARSED)
    command = [
        *(sys.executable, "-m", "dbt.cli.main", "build"),
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target), "--log-path", str(target / "logs")),
        *_repeated("--exclude-resource-type", left_out),
        *("--vars", json.dumps({"date_arrete": inputs.date_arrete})),
        # There is nothing to look up in a new file; what failed is in run_results.json.
        *("--no-populate-cache", "--no-version-check", "--log-level-file", "none", "--quiet"),
    ]
    environment = os.environ | {
        # The name alone, whatever the shell says: a path that changes would void what was parsed.
        "ACCES_SOINS_ENTREPOT": database.name,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
    }
    done = subprocess.run(
        command,
        cwd=database.parent,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise BuildFailed(_first_failure(target, done.stdout + done.stderr))
    _keep(target / PARSED, parsed)


def _keep(made: Path, kept: Path) -> None:
    """Keep what dbt parsed for the next build; dbt itself sees whether it still holds."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_name(f".{kept.name}-{os.getpid()}")
    shutil.copyfile(made, draft)
    draft.replace(kept)


def _repeated(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def warnings(folder: Path) -> list[str]:
    """Names of dbt's data tests that warned during the build made in ``folder``."""
    return [node["unique_id"].split(".")[2] for node in _results(folder / "dbt") if node["status"] == "warn"]


def _results(target: Path) -> list[dict]:
    path = target / "run_results.json"
    return json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []


def _first_failure(target: Path, output: str) -> str:
    nodes = [node for node in _results(target) if node["status"] in ("error", "fail")]
    if nodes:
        message = " ".join((nodes[0]["message"] or "").split())
        others = f" ; {french.counted(len(nodes) - 1, 'autre(s) nœud(s)')} en échec" if len(nodes) > 1 else ""
        return f"construction dbt arrêtée à {nodes[0]['unique_id']} : {message[:400]}{others}"
    return f"construction dbt impossible : {' '.join(output.split())[-500:]}"


def work_folder(night: str) -> Path:
    """Where one night keeps its private files."""
    return get_settings().work / night
