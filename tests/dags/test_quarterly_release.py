"""The quarterly release as a DAG: its shape, and what each answer of a person calls."""

import datetime as dt
import importlib
import os

import pytest

from acces_soins import steps
from acces_soins.errors import AccesSoinsError
from acces_soins.settings import PROJECT, get_settings

PROPOSAL = {"publication": "2026T3-r0", "proposition": "p", "objet": "Publier ?", "corps": "Rapport"}


def response(option: str, remark: str | None = "", name: str | None = "Camille Essai") -> dict:
    return {
        "chosen_options": [option],
        "params_input": {} if remark is None else {"remarque": remark},
        "responded_by_user": {"id": "camille", "name": name},
    }


@pytest.fixture
def release(monkeypatch, tmp_path):
    """The module of the DAG, imported with an Airflow home of its own."""
    monkeypatch.setenv("AIRFLOW_HOME", os.environ.get("AIRFLOW_HOME", str(tmp_path)))
    monkeypatch.syspath_prepend(PROJECT / "dags")
    get_settings.cache_clear()
    return importlib.import_module("quarterly_release")


@pytest.fixture
def dag(release):
    return release.quarterly_release()


class Context(dict):
    """What Airflow hands to a task: here, the response to the approval."""

    def xcom_pull(self, task_ids: str, key: str) -> dict:
        assert task_ids == "approve"
        return self[key]


@pytest.fixture
def context(release, monkeypatch):
    given = Context()
    monkeypatch.setattr(release, "get_current_context", lambda: given | {"ti": given})
    return given


@pytest.fixture
def called(monkeypatch):
    """Steps that only note how they were called."""
    calls: list[tuple] = []

    def fake(name):
        return lambda *args: calls.append((name, *args)) or PROPOSAL

    for name in ("propose_release", "freeze_release", "refuse_release"):
        monkeypatch.setattr(steps, name, fake(name))
    return calls


def test_the_order_and_the_pool(dag):
    after = {task.task_id: task.upstream_task_ids for task in dag.tasks}
    assert after == {
        "find_due": set(),
        "propose": {"find_due"},
        "approve": {"propose"},
        "freeze": {"propose", "approve"},
        "record_refusal": {"propose", "freeze"},
    }
    assert {task.task_id for task in dag.tasks if task.pool == "entrepot"} == {"propose", "freeze"}
    assert (dag.catchup, dag.max_active_runs) == (False, 1)


def test_a_refusal_skips_the_freeze_and_not_its_own_record(dag):
    assert dag.get_task("approve").downstream_task_ids == {"freeze"}
    assert dag.get_task("record_refusal").trigger_rule == "none_failed"
    # A day without a release ends the run whole.
    assert dag.get_task("find_due").ignore_downstream_trigger_rules


def test_a_proposal_is_told_to_a_person(release, context, called, caplog):
    assert release.propose.function("2026T3") == PROPOSAL
    assert called == [("propose_release", "2026T3")]
    assert "2026T3-r0 attend une réponse dans Airflow" in caplog.text


@pytest.mark.parametrize(
    ("given", "signed", "remark"),
    [
        (response("Approve", " Relu. "), "Camille Essai", "Relu."),
        (response("Approve", None), "Camille Essai", None),
        (response("Approve", "", name=None), "camille", None),
    ],
)
def test_an_approval_freezes_what_was_shown_in_the_name_of_who_answered(
    release, called, given, signed, remark
):
    release.freeze.function(PROPOSAL, given)
    assert called == [("freeze_release", PROPOSAL, signed, remark)]


def test_after_an_approval_no_refusal_is_recorded(release, context, called):
    context["reponse"] = response("Approve")
    assert release.record_refusal.function(PROPOSAL) is None
    assert called == []


@pytest.mark.parametrize(("written", "reason"), [("Chiffre faux", "Chiffre faux"), ("", "raison non écrite")])
def test_a_refusal_is_recorded_with_its_reason(release, context, called, written, reason):
    context["reponse"] = response("Reject", written)
    release.record_refusal.function(PROPOSAL)
    assert called == [("refuse_release", PROPOSAL, "Camille Essai", reason)]


@pytest.mark.parametrize("option", ["Approve", "Reject"])
def test_the_approval_tells_the_response_before_it_skips_anything(dag, monkeypatch, option):
    approve, told = dag.get_task("approve"), []
    task = type("Task", (), {"xcom_push": lambda self, key, value: told.append((key, value))})()
    monkeypatch.setattr(type(approve), "skip", lambda self, ti, tasks: told.append("skip"))
    event = response(option) | {"responded_at": dt.datetime.now(dt.UTC)}
    approve.execute_complete({"ti": task, "task": approve}, event)
    assert told == [("reponse", response(option)), *(["skip"] if option == "Reject" else [])]


def test_what_is_refused_in_words_fails_at_once_and_is_told(release, monkeypatch, caplog):
    def refuse(*_):
        raise AccesSoinsError("rien n'a changé depuis 2026T3-r0")

    monkeypatch.setattr(steps, "freeze_release", refuse)
    with pytest.raises(release.AirflowFailException, match="rien n'a changé") as failure:
        release.freeze.function(PROPOSAL, response("Approve"))
    release.on_release_failed({"ti": type("Task", (), {"task_id": "freeze"}), "exception": failure.value})
    assert "étape freeze en échec : rien n'a changé depuis 2026T3-r0" in caplog.text
