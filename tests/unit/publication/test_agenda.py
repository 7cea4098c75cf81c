"""What was announced, as an operator learns it: what comes next, what waits, what is late."""

import datetime as dt

import pytest

from acces_soins import (
    agenda,
    factsheets,
    formats,
    frozen,
    history,
    release_list,
    releases,
    report,
    verification,
)
from acces_soins.settings import get_settings
from small_publications import CONTRACTS, corsica, publish

BEFORE, DUE, AFTER = (dt.date(2026, 11, day) for day in (18, 19, 22))
CALENDAR = """trimestre,date_prevue,etat,motif
2026T3,2026-11-19,confirmee,
2026T4,2027-02-18,reportee,Recensement en retard
"""


@pytest.fixture(autouse=True)
def few_tables(monkeypatch, tmp_path):
    """Two announced releases; the contracts and the files that small publications can have."""
    (tmp_path / "calendrier.csv").write_text(CALENDAR, encoding="utf-8")
    monkeypatch.setattr(agenda, "CALENDAR", tmp_path / "calendrier.csv")
    monkeypatch.setattr(verification, "published_contracts", lambda: CONTRACTS)
    monkeypatch.setattr(formats, "write", lambda database, target, about, beside: [])
    monkeypatch.setattr(factsheets, "write", lambda database, target, about: target.mkdir())


def serve(folder, closing: str = "2026-09-30", first: float = 3) -> dict:
    return publish(folder, f"c{first}", corsica(first, 4), closing=closing)


def shown(day: dt.date) -> dict[str, str]:
    return dict(agenda.lines(day))


def test_before_anything_is_frozen_the_next_date_is_shown():
    assert shown(BEFORE) == {
        "Dernière figée": "aucune",
        "Prochaine": "2026T3-r0, le 19/11/2026 (date confirmée)",
    }
    assert agenda.alerts(BEFORE) == [] and agenda.alerts(DUE) == []


def test_a_candidate_that_waits_is_shown_with_its_day_and_its_report(tmp_path):
    version = serve(tmp_path)
    proposal = releases.propose("2026T3")
    day = dt.datetime.fromisoformat(proposal["proposee_le"]).date()
    told = shown(day + dt.timedelta(days=2))["Attend une réponse"]
    assert told.startswith(f"2026T3-r0, proposée le {day:%d/%m/%Y} (il y a 2 jours)")
    assert version["version"] in told and str(releases.proposal_folder(proposal)) in told


def test_a_day_that_passed_without_a_release_is_late_and_says_why(tmp_path, monkeypatch):
    (late,) = agenda.late(AFTER)
    assert late.startswith("2026T3-r0, annoncée pour le 19/11/2026, a 3 jours de retard : ")
    assert "rien n'est encore publié" in late
    serve(tmp_path, closing="2026-06-30", first=1)
    assert "arrête encore ses séries à 2026T2" in agenda.late(AFTER)[0]
    serve(tmp_path, closing="2026-12-31", first=2)
    assert "arrête déjà ses séries à 2026T4" in agenda.late(AFTER)[0]
    version = serve(tmp_path)["version"]
    for first_night, why in (
        ("2026-11-21", "rien n'était encore publié ce jour-là"),
        ("2026-11-18", "le dernier essai de quarterly_release"),
    ):
        known = [{"version": version, "inscrit_le": f"{first_night}T02:30:00+00:00"}]
        monkeypatch.setattr(history, "events", lambda known=known: known)
        assert why in agenda.late(AFTER)[0] and "acces-soins propose 2026T3" in agenda.late(AFTER)[0]
    releases.propose("2026T3")
    assert "elle attend une réponse" in agenda.late(AFTER)[0]
    releases.refuse("2026T3-r0", "Camille Essai", "Le chiffre de 2A est faux.")
    assert "par Camille Essai (Le chiffre de 2A est faux.)" in agenda.late(AFTER)[0]
    assert shown(AFTER)["En retard"] == agenda.late(AFTER)[0]


def test_a_night_alerts_of_what_is_late(use_settings):
    use_settings(date="2026-11-22")
    alerts = report.judge([], [])["alertes"]
    assert [a for a in alerts if a.startswith("publication trimestrielle — 2026T3-r0, annoncée")]
    use_settings(date="2026-11-18")
    assert not [a for a in report.judge([], [])["alertes"] if a.startswith("publication trimestrielle")]


def test_a_release_ends_the_lateness_and_becomes_the_last_one(tmp_path):
    serve(tmp_path)
    releases.propose("2026T3")
    releases.freeze("2026T3-r0", "Camille Essai")
    assert agenda.alerts(AFTER) == []
    assert shown(AFTER)["Dernière figée"].startswith("2026T3-r0, le ")
    assert shown(AFTER)["Prochaine"] == "2026T4-r0, le 18/02/2027 (date reportée, Recensement en retard)"


def test_a_correction_left_without_an_answer_is_told_the_next_day(tmp_path):
    serve(tmp_path)
    releases.propose("2026T3")
    releases.freeze("2026T3-r0", "Camille Essai")
    serve(tmp_path, first=5)
    day = dt.datetime.fromisoformat(releases.propose("2026T3", "Corriger")["proposee_le"]).date()
    assert agenda.alerts(day) == []
    (told,) = agenda.alerts(day + dt.timedelta(days=1))
    assert told.startswith("2026T3-r1 attend une réponse") and "acces-soins refuse" in told


def test_a_calendar_that_ends_and_a_release_that_is_gone_are_told(tmp_path):
    serve(tmp_path)
    releases.propose("2026T3")
    releases.freeze("2026T3-r0", "Camille Essai")
    after_all = dt.date(2027, 2, 19)
    assert agenda.alerts(after_all)[-1].startswith("aucune date n'est annoncée : compléter")
    frozen._remove(get_settings().releases / "2026T3-r0")
    assert any(told.startswith("2026T3-r0 : au registre") for told in agenda.alerts(AFTER))


def test_the_list_of_releases_says_which_one_to_cite_and_what_comes_next(tmp_path, use_settings):
    use_settings(date="2026-11-22")
    assert "Aucune publication n'est encore figée" in release_list.write().read_text(encoding="utf-8")
    for first, reasons in ((3, None), (5, "Fichier corrigé <par> son producteur")):
        serve(tmp_path, first=first)
        releases.freeze(releases.propose("2026T3", reasons)["publication"], "Camille Essai")
    text = release_list.write().read_text(encoding="utf-8")
    first, second = text.index(">2026T3-r1</a>"), text.index(">2026T3-r0</a>")
    assert first < text.index("À citer.") < second < text.index("Corrigée par 2026T3-r1.")
    assert "Fichier corrigé &lt;par&gt; son producteur" in text
    assert 'href="releases/2026T3-r0/fichiers/index.html"' in text
    assert "2026T4-r0" in text and "18 février 2027" in text and "Recensement en retard" in text
    assert "DONNÉES D&#39;ESSAI" in text and "(en retard)" not in text
    assert [path.name for path in get_settings().publication.glob(".index*")] == []
