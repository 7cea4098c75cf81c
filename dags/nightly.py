"""The night: extract every source, build, check, publish, refresh the dashboards, close.

The order of the steps exists here and nowhere else; each task calls one function of
``acces_soins.steps``. Only the YAML catalogue is read when this file is parsed.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import TaskGroup, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from acces_soins.catalog import fetched_sources
from acces_soins.errors import ConfigurationError, CriticalCheckFailed, RefusedInput
from acces_soins.settings import get_settings
from alerting import NightFailed, on_close_crashed, on_night_stopped, send

# The same input gives the same refusal: trying again would only delay the alert.
LASTING_ERRORS = (RefusedInput, ConfigurationError, CriticalCheckFailed)
# One writer: whatever writes a warehouse or a version waits for this one-slot pool.
POOL = "entrepot"
STEPS = ("open_night", "build", "check", "publish", "refresh_dashboards")

settings = get_settings()
asks_the_portals = not settings.is_trial and settings.extraits is None


def run_step(function, *args):
    """Call one step; an error that time cannot mend fails the task without another try."""
    try:
        return function(*args)
    except LASTING_ERRORS as error:
        raise AirflowFailException(str(error)) from error


@task
def open_night() -> str:
    from acces_soins import steps

    return run_step(steps.open_night)


@task
def extract(source_id: str, night: str) -> dict:
    from acces_soins import steps

    return run_step(steps.extract, source_id, night)


@task
def take_deposits(night: str) -> int:
    """What partners left in the drop box; a refusal is in its acknowledgement and in the night's alert."""
    from acces_soins import steps

    return len(run_step(steps.take_deposits, night))


@task.short_circuit(pool=POOL, trigger_rule="all_done_min_one_success", ignore_downstream_trigger_rules=False)
def build(night: str) -> bool:
    """False when nothing changed: what follows is skipped, up to the closing."""
    from acces_soins import steps

    return run_step(steps.build, night)["etat"] != "inchange"


@task(pool=POOL)
def check(night: str) -> dict:
    from acces_soins import steps

    return run_step(steps.check, night)


@task(pool=POOL)
def publish(night: str) -> dict:
    from acces_soins import steps

    return run_step(steps.publish, night)


@task
def refresh_dashboards(night: str) -> dict:
    from acces_soins import steps

    return run_step(steps.refresh_dashboards, night)


@task(retries=0, trigger_rule="all_done", on_failure_callback=on_close_crashed)
def close_night(night: str | None) -> dict:
    """Write the report and send the night's one alert; fails when the night or its housekeeping did."""
    from acces_soins import steps

    context = get_current_context()
    run = context["run_id"]
    states = context["ti"].get_task_states(dag_id="nightly", task_ids=list(STEPS), run_ids=[run])
    broken = [step for step in STEPS if states.get(run, {}).get(step) == "failed"]
    report = steps.close_night(night) if night else {"etat": "echec", "alertes": []}
    alerts = list(report["alertes"])
    if broken and (report["etat"] != "echec" or not alerts):
        alerts.append(f"Étape interrompue : {', '.join(broken)}. Consulter le journal de la tâche.")
    send(alerts, context)
    if broken or report["etat"] == "echec":
        served = "la nouvelle" if report["etat"] == "publie" else "la dernière"
        raise NightFailed(f"la nuit a échoué ; {served} publication est servie")
    if report["entretien"] == "echec":
        raise NightFailed("la nuit est close, son entretien a échoué : lire ses alertes")
    return report


@dag(
    dag_id="nightly",
    schedule="30 2 * * *",
    start_date=pendulum.datetime(2025, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    dagrun_timeout=timedelta(hours=6),
    default_args={
        "retries": 2 if asks_the_portals else 0,
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=2),
    },
    on_failure_callback=on_night_stopped,
    tags=["acces-soins"],
)
def nightly():
    night = open_night()
    with TaskGroup("extract") as extractions:
        take_deposits(night)
        for source_id in fetched_sources():
            extract.override(task_id=source_id.replace(".", "__"))(source_id, night)

    # A source that fails stops neither the others nor the build: its last good edition counts.
    # The build waits for all of them, and needs no more than a night that was opened.
    built = build(night)
    closed = close_night(night)
    extractions >> built >> check(night) >> publish(night) >> refresh_dashboards(night) >> closed


nightly()
