"""What the DAG declares: order, schedule, retries, pool, and a parse that touches nothing."""

import json
import os
import subprocess
import sys

import pytest

from acces_soins.catalog import fetched_sources
from acces_soins.settings import PROJECT

# A process of its own: AIRFLOW_HOME and the settings must be in place before anything is imported.
DESCRIBE = """
import json, socket, sys
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
import acces_soins.catalog, acces_soins.settings, airflow.sdk
before = set(sys.modules)
def refuse(*args, **kwargs): raise AssertionError("network at import")
socket.socket.connect = socket.getaddrinfo = refuse
opened = []
def note(event, args):
    if event == "open" and "w" in str(args[1] or ""):
        opened.append(str(args[0]))
sys.addaudithook(note)
bag = BundleDagBag(sys.argv[1], bundle_path=Path(sys.argv[1]), bundle_name="dags-folder")
dag = bag.dags.get("nightly")
print("RESULT" + json.dumps({
    "errors": {k: str(v) for k, v in bag.import_errors.items()},
    "dags": sorted(bag.dags),
    "loaded": sorted(m for m in set(sys.modules) - before if m.startswith("acces_soins")),
    "heavy": sorted({"dbt", "duckdb", "great_expectations", "pandas"} & (set(sys.modules) - before)),
    "written": [path for path in opened if path.startswith(str(Path(sys.argv[1]).parent))],
    "catchup": dag.catchup,
    "active_runs": dag.max_active_runs,
    "schedule": [dag.timetable.expression, str(dag.timetable.timezone)],
    "callback": bool(dag.on_failure_callback),
    "tasks": {
        t.task_id: {
            "pool": t.pool, "slots": t.pool_slots, "retries": t.retries, "rule": t.trigger_rule.value,
            "delay": t.retry_delay.total_seconds(), "after": sorted(t.upstream_task_ids),
            "callback": bool(t.on_failure_callback),
        } for t in dag.tasks
    },
}, default=str))
"""


def describe(tmp_path, **env: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-B", "-c", DESCRIBE, str(PROJECT / "dags")],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith(("ACCES_SOINS_", "AIRFLOW"))},
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}",
            **env,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.split("RESULT", 1)[1])


pytestmark = pytest.mark.xdist_group("definition")


@pytest.fixture(scope="module")
def trial(tmp_path_factory) -> dict:
    return describe(tmp_path_factory.mktemp("essai"), ACCES_SOINS_SOURCES="essai")


@pytest.fixture(scope="module")
def direct(tmp_path_factory) -> dict:
    return describe(tmp_path_factory.mktemp("reel"), ACCES_SOINS_SOURCES="direct")


def test_the_dag_folder_imports_clean_without_network_nor_writing(trial):
    assert trial["errors"] == {}
    assert trial["dags"] == ["drop_box", "nightly", "quarterly_release"]
    assert trial["written"] == []


def test_parsing_loads_the_catalogue_and_nothing_heavy(trial):
    assert trial["heavy"] == []
    assert set(trial["loaded"]) <= {"acces_soins.errors"}


def test_schedule(trial):
    assert trial["schedule"] == ["30 2 * * *", "Europe/Paris"]
    assert (trial["catchup"], trial["active_runs"]) == (False, 1)


def test_one_extract_task_per_source_of_a_portal_and_one_for_the_deposits(trial):
    extracts = {name for name in trial["tasks"] if name.startswith("extract.")}
    expected = {f"extract.{source.replace('.', '__')}" for source in fetched_sources()}
    assert extracts == expected | {"extract.take_deposits"}


def test_the_order_of_the_steps(trial):
    after = {name: set(t["after"]) for name, t in trial["tasks"].items()}
    extracts = {name for name in after if name.startswith("extract.")}
    assert all(after[name] == {"open_night"} for name in extracts)
    assert after["build"] == extracts | {"open_night"}
    assert after["check"] >= {"build"}
    assert after["publish"] >= {"check"}
    assert after["refresh_dashboards"] >= {"publish"}
    assert after["close_night"] >= {"refresh_dashboards"}
    # The only leaf: the state of the run is the state of the closing.
    assert {name for name in after if not any(name in others for others in after.values())} == {"close_night"}


def test_a_failed_source_stops_neither_the_build_nor_the_closing(trial):
    assert trial["tasks"]["build"]["rule"] == "all_done_min_one_success"
    assert trial["tasks"]["close_night"]["rule"] == "all_done"


def test_the_writers_share_one_slot(trial):
    pools = {name: (t["pool"], t["slots"]) for name, t in trial["tasks"].items()}
    assert {name for name, pool in pools.items() if pool == ("entrepot", 1)} == {"build", "check", "publish"}


def test_only_the_portals_deserve_another_try(trial, direct):
    assert {t["retries"] for t in trial["tasks"].values()} == {0}
    retries = {name: (t["retries"], t["delay"]) for name, t in direct["tasks"].items()}
    assert retries.pop("close_night")[0] == 0
    assert set(retries.values()) == {(2, 600.0)}


def test_the_closing_and_the_run_have_their_callbacks(trial):
    assert trial["tasks"]["close_night"]["callback"]
    assert trial["callback"]
