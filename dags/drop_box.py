"""Every hour: judge what partners left in the drop box and answer them; the night builds with it."""

from datetime import timedelta

import pendulum
from airflow.sdk import dag, get_current_context, task

from alerting import send


@task
def take_deposits() -> int:
    """Number of files taken; refusals are alerted at once, before anything else can fail."""
    from acces_soins import quality, report, steps

    events = steps.take_deposits()
    send(report.refusals(events), get_current_context(), "dépôt refusé")
    if events:
        quality.write_docs(events[0]["nuit"])
    return len(events)


@dag(
    dag_id="drop_box",
    schedule="5 * * * *",
    start_date=pendulum.datetime(2025, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    dagrun_timeout=timedelta(minutes=50),
    tags=["acces-soins"],
)
def drop_box():
    take_deposits()


drop_box()
