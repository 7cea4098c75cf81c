"""The approval in a real Airflow: a person answers through its API, once; the quarter is frozen or is not."""

import contextlib
import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

import small_release
from acces_soins import releases
from acces_soins.services import airflow
from acces_soins.services.processes import any_free_port, end_sessions
from acces_soins.services.serve import airflow_commands
from acces_soins.settings import PROJECT
from acces_soins.verification import published_contracts
from small_publications import corsica, publish
from waiting import wait_for

pytestmark = [pytest.mark.night, pytest.mark.long]
DAG = "/api/v2/dags/quarterly_release"
PATIENCE = 600


@pytest.fixture
def settings(use_settings):
    return use_settings(date="2026-11-22", port_airflow=any_free_port())


@pytest.fixture
def address(settings, tmp_path, monkeypatch):
    """Airflow's services with the one DAG, on data where one version is served."""
    dags = tmp_path / "dags"
    dags.mkdir()
    for name in ("quarterly_release.py", "alerting.py"):
        shutil.copyfile(PROJECT / "dags" / name, dags / name)
    serve(tmp_path, "c1", 3)
    airflow.migrate(settings)
    with contextlib.ExitStack() as stack:
        for name, (command, env) in airflow_commands(settings).items():
            log = stack.enter_context((tmp_path / f"{name}.log").open("w"))
            process = subprocess.Popen(
                command,
                env=env | {"AIRFLOW__CORE__DAGS_FOLDER": str(dags), "PYTHONPATH": str(dags)},
                cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
            stack.callback(end_sessions, [process.pid])
        yield f"http://127.0.0.1:{settings.port_airflow}"


def serve(folder, code: str, first: float) -> None:
    """Serve a version with every public table filled, and that figure for the first département."""
    others = small_release.build(folder / f"{code}-autres.duckdb")
    publish(folder, code, corsica(first, 4), contracts=published_contracts(), others=others)


def client(address: str, settings, user: str) -> httpx.Client:
    """A session of that person on the API."""
    password = json.loads(airflow.passwords_file(settings).read_text())[user]
    with contextlib.suppress(httpx.TransportError):
        answer = httpx.post(f"{address}/auth/token", json={"username": user, "password": password})
        return httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {answer.json()['access_token']}"}, timeout=60
        )
    return None


def waiting_run(api: httpx.Client, scheduler_log: Path) -> str | None:
    """Id of the run that waits for an answer, once the scheduler knows that it does.

    No person answers within the second; a test does, and Airflow then takes the end of the question for an
    end of the task that it has not asked for.
    """
    runs = api.get(f"{DAG}/dagRuns").json().get("dag_runs", [])
    for run in (run["dag_run_id"] for run in runs if run["state"] == "running"):
        key = f"TaskInstanceKey(dag_id='quarterly_release', task_id='approve', run_id='{run}'"
        if (
            api.get(details(run)).status_code == 200
            and f"state success for task instance {key}" in scheduler_log.read_text()
        ):
            return run
    return None


def details(run: str) -> str:
    return f"{DAG}/dagRuns/{run}/taskInstances/approve/-1/hitlDetails"


def task_state(api: httpx.Client, run: str, task: str) -> str | None:
    return api.get(f"{DAG}/dagRuns/{run}/taskInstances/{task}").json().get("state")


def finished(api: httpx.Client, run: str) -> str | None:
    state = api.get(f"{DAG}/dagRuns/{run}").json()["state"]
    return state if state in ("success", "failed") else None


def test_a_person_refuses_then_another_approves_and_a_second_answer_is_refused(address, settings, tmp_path):
    api = wait_for(lambda: client(address, settings, "admin"), "l'API d'Airflow", PATIENCE)
    reader = client(address, settings, "lecteur")

    log = tmp_path / "airflow-scheduler.log"
    run = wait_for(lambda: waiting_run(api, log), "la demande d'approbation", PATIENCE)
    shown = api.get(details(run)).json()
    assert shown["subject"].startswith("Publier 2026T3-r0 ? (données d'essai")
    assert "Données d'essai" in shown["body"] and "comparaison.html" in shown["body"]
    answer = {"chosen_options": ["Reject"], "params_input": {"remarque": "Le chiffre de 2A est faux."}}
    assert reader.patch(details(run), json=answer).status_code == 403
    assert api.patch(details(run), json=answer).status_code == 200
    assert wait_for(lambda: finished(api, run), "la fin du refus", PATIENCE) == "success"
    assert task_state(api, run, "freeze") == "skipped"
    assert releases.all_frozen() == [] and releases.pending() == []

    # Newer data are served: the same quarter is proposed again, and frozen this time.
    serve(tmp_path, "c2", 5)
    api.post(f"{DAG}/dagRuns", json={"logical_date": None})
    run = wait_for(lambda: waiting_run(api, log), "la seconde demande", PATIENCE)
    answer = {"chosen_options": ["Approve"], "params_input": {"remarque": "Relu."}}
    assert api.patch(details(run), json=answer).status_code == 200
    assert api.patch(details(run), json=answer).status_code == 409
    assert wait_for(lambda: finished(api, run), "la fin de l'approbation", PATIENCE) == "success"
    (release,) = releases.all_frozen()
    assert (release["approuvee_par"], release["remarque"]) == ("admin", "Relu.")
    assert releases.verify("2026T3-r0")

    # Nothing is due any more: the next run ends by itself.
    told = api.post(f"{DAG}/dagRuns", json={"logical_date": None}).json()
    assert (
        wait_for(lambda: finished(api, told["dag_run_id"]), "la fin d'un jour sans rien", PATIENCE)
        == "success"
    )
    assert task_state(api, told["dag_run_id"], "propose") == "skipped"
    assert [path.name for path in settings.proposals.iterdir()] == [".refusees"]
