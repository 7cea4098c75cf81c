"""Who is told what: one alert per night, whoever speaks."""

import importlib
import logging
from types import SimpleNamespace

import pytest

from acces_soins import drop_box, quality, steps
from acces_soins.settings import PROJECT, get_settings


@pytest.fixture
def alerting(monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("ACCES_SOINS_DONNEES", str(tmp_path))
    monkeypatch.delenv("ACCES_SOINS_SMTP_HOTE", raising=False)
    monkeypatch.syspath_prepend(PROJECT / "dags")
    get_settings.cache_clear()
    yield importlib.import_module("alerting")
    get_settings.cache_clear()


@pytest.fixture
def alerts(alerting, caplog):
    caplog.set_level(logging.ERROR)
    return lambda: [r.getMessage() for r in caplog.records if r.getMessage().startswith("ALERTE")]


def test_a_quiet_night_sends_nothing(alerting, alerts):
    alerting.send([], {})
    assert alerts() == []


def test_a_failed_night_that_was_announced_is_not_announced_again(alerting, alerts):
    alerting.on_close_crashed({"exception": alerting.NightFailed("échec")})
    alerting.on_night_stopped({"reason": "task_failure"})
    assert alerts() == []


def test_a_closing_that_breaks_is_announced(alerting, alerts):
    alerting.on_close_crashed({"exception": RuntimeError("disque plein")})
    assert len(alerts()) == 1
    assert "disque plein" in alerts()[0]


def test_a_night_cut_short_is_announced(alerting, alerts):
    alerting.on_night_stopped({"reason": "timed_out"})
    assert len(alerts()) == 1


def test_the_hourly_pass_alerts_of_a_refusal_before_it_writes_the_pages_of_its_checks(
    alerting, alerts, monkeypatch
):
    hourly = importlib.import_module("drop_box")
    refused = {"nuit": "n", "source": "insee.cog_regions", "resultat": "refus", "phrase": "dépôt a.csv"}

    def full_disk(run):
        raise OSError("disque plein")

    monkeypatch.setattr(hourly, "get_current_context", dict)
    monkeypatch.setattr(drop_box, "waiting", lambda: [SimpleNamespace(path=__file__)])
    monkeypatch.setattr(steps, "_take", lambda left, run: refused)
    monkeypatch.setattr(quality, "write_docs", full_disk)
    with pytest.raises(OSError, match="disque plein"):
        hourly.take_deposits.function()
    assert alerts() == ["ALERTE insee.cog_regions : dépôt a.csv"]
