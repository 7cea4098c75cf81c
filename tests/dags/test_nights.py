"""Whole nights through Airflow, on fake steps: what stops, what goes on, who is told, the exit code."""

import sqlite3
from contextlib import closing

import pytest

from acces_soins.services import airflow
from acces_soins.settings import Settings

pytestmark = [pytest.mark.night, pytest.mark.xdist_group("airflow")]


def test_a_critical_check_fails_the_night_and_alerts_once_by_mail_and_in_the_log(
    night, calls, last_log, mailbox
):
    done = night(
        "contrôle critique",
        ACCES_SOINS_SMTP_HOTE="127.0.0.1",
        ACCES_SOINS_SMTP_PORT=str(mailbox.port),
        ACCES_SOINS_SMTP_DESTINATAIRES="astreinte@exemple.fr",
    )
    assert done.returncode == 1, done.stderr
    assert calls()[-3:] == ["build", "check", "close_night"]
    assert [text.count("motif : contrôle critique") for text in mailbox.messages] == [1]
    assert last_log().count("ALERTE ") == 1
    # The screen shows progress and the report, not Airflow's own log.
    lines = [line for line in done.stdout.splitlines() if line]
    assert "Compte rendu : echec" in lines
    assert all(line.startswith(("▸ ", "Compte rendu", "Journal complet")) for line in lines)


def test_a_refused_source_stops_nothing_and_nothing_new_skips_the_publication(night, calls, last_log):
    done = night("une source refusée, rien de neuf")
    assert done.returncode == 0, done.stdout + done.stderr
    assert calls()[-2:] == ["build", "close_night"]
    assert last_log().count("ALERTE ") == 1


def test_housekeeping_that_fails_fails_the_closing_and_alerts_once(night, calls, last_log):
    done = night("entretien en échec")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Compte rendu : publie" in done.stdout
    assert calls()[-2:] == ["refresh_dashboards", "close_night"]
    assert last_log().count("ALERTE ") == 1


def test_a_night_killed_in_the_build_fails_and_holds_nothing_back(night, data):
    done = night("build tuée")
    assert done.returncode == 137
    assert "s'est interrompue avant son rapport" in done.stdout
    settings = Settings(donnees=data, sources="direct")
    assert unfinished(settings) == {"run": 1, "task": 1}
    airflow.close_interrupted_nights(settings)
    assert unfinished(settings) == {"run": 0, "task": 0}


def unfinished(settings) -> dict[str, int]:
    """Number of runs and of tasks that Airflow believes to be under way."""
    with closing(sqlite3.connect(airflow.home(settings) / "airflow.db")) as base:
        return {
            name: base.execute(f"SELECT count(*) FROM {table} WHERE state = 'running'").fetchone()[0]
            for name, table in (("run", "dag_run"), ("task", "task_instance"))
        }
