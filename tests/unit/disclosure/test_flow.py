"""Where the attacker stands in a night: after the other checks, before publication."""

import json
from pathlib import Path

import pytest

from acces_soins import disclosure, quality, steps, warehouse
from acces_soins.errors import CriticalCheckFailed
from acces_soins.quality.results import CRITICAL, FAILED, PASSED, WARNING, CheckResult


def result(severity: str, verdict: str) -> CheckResult:
    return CheckResult(
        "nuit", "secret/chiffres_masques", "secret", severity, "rien", "tout", verdict, [], "Vu."
    )


@pytest.fixture
def night(use_settings, monkeypatch):
    use_settings()
    monkeypatch.setattr(quality, "check_publication", lambda *_: [])
    night = steps.open_night()
    (warehouse.work_folder(night) / steps.INPUTS).write_text("{}", encoding="utf-8")
    return night


def recorded(night: str) -> list[dict]:
    return json.loads((warehouse.work_folder(night) / steps.CHECKS).read_text(encoding="utf-8"))


def test_a_count_that_the_attacker_finds_stops_the_night_and_is_recorded(night, monkeypatch):
    attacked = []
    monkeypatch.setattr(
        disclosure, "audit", lambda path, run: attacked.append((path, run)) or [result(CRITICAL, FAILED)]
    )
    with pytest.raises(CriticalCheckFailed, match="contrôle critique secret : Vu"):
        steps.check(night)
    assert attacked == [(Path(warehouse.work_folder(night)) / warehouse.DATABASE, night)]
    assert [row["controle"] for row in recorded(night)] == ["secret"]


@pytest.mark.parametrize(("severity", "verdict"), [(WARNING, FAILED), (CRITICAL, PASSED)])
def test_a_warning_does_not_stop_it(night, monkeypatch, severity, verdict):
    monkeypatch.setattr(disclosure, "audit", lambda path, run: [result(severity, verdict)])
    assert steps.check(night)["etat"] == "fait"
    assert [row["resultat"] for row in recorded(night)] == [verdict]
