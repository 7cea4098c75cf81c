"""The quarterly release: at its date propose, wait for a person's answer, freeze or record the refusal.

Looked at each morning: nothing is due on most days, and the run ends there. While a person has not
answered, the run waits and no other one starts.
"""

import pendulum
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from acces_soins.errors import AccesSoinsError
from alerting import on_release_failed, send

POOL = "entrepot"
NO_REASON = "raison non écrite"


class Approval(ApprovalOperator):
    """Airflow's approval, which keeps a refusal to itself: here the tasks that follow read the response."""

    RESPONSE = "reponse"

    def execute_complete(self, context, event: dict):
        if "chosen_options" in event:
            told = ("chosen_options", "params_input", "responded_by_user")
            context["ti"].xcom_push(key=self.RESPONSE, value={name: event[name] for name in told})
        return super().execute_complete(context, event)


def run_step(function, *args):
    """Call one step; what it refuses in words fails the task at once."""
    try:
        return function(*args)
    except AccesSoinsError as error:
        raise AirflowFailException(str(error)) from error


def answer_of(response: dict) -> tuple[str, str]:
    """Who answered, and what that person wrote."""
    user = response["responded_by_user"]
    return user["name"] or user["id"], ((response["params_input"] or {}).get("remarque") or "").strip()


@task.short_circuit
def find_due() -> str | None:
    """The quarter to propose; on other days nothing follows."""
    from acces_soins import steps

    return run_step(steps.due_release)


@task(pool=POOL)
def propose(quarter: str) -> dict:
    from acces_soins import steps

    proposal = run_step(steps.propose_release, quarter)
    told = f"{proposal['publication']} attend une réponse dans Airflow (actions requises)."
    send([told], get_current_context(), proposal["objet"])
    return proposal


@task(pool=POOL)
def freeze(proposal: dict, response: dict) -> dict:
    from acces_soins import steps

    name, remark = answer_of(response)
    return run_step(steps.freeze_release, proposal, name, remark or None)


@task(trigger_rule="none_failed")
def record_refusal(proposal: dict) -> dict | None:
    """A refusal skips the task that freezes, never this one; after an approval there is nothing to record."""
    from acces_soins import steps

    response = get_current_context()["ti"].xcom_pull(task_ids="approve", key=Approval.RESPONSE)
    if response["chosen_options"] == [Approval.APPROVE]:
        return None
    name, remark = answer_of(response)
    return run_step(steps.refuse_release, proposal, name, remark or NO_REASON)


@dag(
    dag_id="quarterly_release",
    schedule="0 9 * * *",
    start_date=pendulum.datetime(2025, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    default_args={"retries": 0, "on_failure_callback": on_release_failed},
    tags=["acces-soins"],
)
def quarterly_release():
    proposal = propose(find_due())
    approve = Approval(
        task_id="approve",
        subject="{{ ti.xcom_pull(task_ids='propose')['objet'] }}",
        body="{{ ti.xcom_pull(task_ids='propose')['corps'] }}",
        params={
            "remarque": Param(
                "",
                type=["null", "string"],
                title="Remarque, ou raison du refus",
                description="Gardée au registre.",
            )
        },
    )
    proposal >> approve
    # Not right after the approval: a refusal skips whatever is.
    freeze(proposal, approve.output) >> record_refusal(proposal)


quarterly_release()
