"""The steps by hand: nothing is checked that was not built, nothing published that was not checked."""

import errno
import json

import pytest

from acces_soins import ledger, publication, quality, report, retention, steps, warehouse
from acces_soins.errors import ConfigurationError, CriticalCheckFailed
from acces_soins.settings import get_settings

FAILED = {"controle": "cle_unique", "severite": "critique", "resultat": "echoue"}
INPUTS = {"code": "c", "commit": "d", "date_arrete": "2026-09-30", "donnees": "essai", "editions": {}}


@pytest.fixture
def night():
    return steps.open_night()


def test_a_night_that_built_nothing_cannot_be_checked(night):
    with pytest.raises(ConfigurationError, match="acces-soins build"):
        steps.check(night)


def test_a_build_that_was_not_checked_cannot_be_published(night):
    (warehouse.work_folder(night) / steps.INPUTS).write_text(json.dumps(INPUTS))
    with pytest.raises(ConfigurationError, match="acces-soins check"):
        steps.publish(night)


def test_a_build_whose_critical_check_failed_cannot_be_published_even_by_hand(night):
    folder = warehouse.work_folder(night)
    (folder / steps.INPUTS).write_text(json.dumps(INPUTS))
    (folder / steps.CHECKS).write_text(json.dumps([FAILED]))
    with pytest.raises(CriticalCheckFailed, match="cle_unique"):
        steps.publish(night)
    assert publication.current_version() is None
    assert not get_settings().publication.exists()


@pytest.fixture
def full_disk(monkeypatch):
    """Have a function meet a full disk: ``full_disk(retention, "prune")``."""

    def fill(module, name):
        def refuse(*_, **__):
            raise OSError(errno.ENOSPC, "disque plein")

        monkeypatch.setattr(module, name, refuse)

    return fill


@pytest.mark.parametrize(
    ("module", "name", "chore"),
    [
        (retention, "prune", "élagage"),
        (quality, "write_docs", "pages des contrôles"),
        (report, "write", "compte rendu"),
        (ledger, "append", "registre des nuits"),
    ],
)
def test_housekeeping_that_fails_is_one_more_alert_and_takes_no_other_away(
    night, full_disk, module, name, chore
):
    full_disk(module, name)
    outcome = steps.close_night(night)
    assert outcome["entretien"] == "echec"
    assert outcome["alertes"][0].startswith("la nuit n'a rien publié")
    assert [alert for alert in outcome["alertes"] if alert.startswith(chore) and "disque plein" in alert]


@pytest.mark.parametrize(("module", "name"), [(retention, "prune"), (quality, "write_docs")])
def test_the_report_tells_of_housekeeping_that_failed(night, full_disk, module, name):
    full_disk(module, name)
    steps.close_night(night)
    written = (get_settings().reports / report.LAST_NIGHT).read_text(encoding="utf-8")
    assert written.count("disque plein") == 1


def test_a_closing_without_trouble_says_so(night):
    assert steps.close_night(night)["entretien"] == "fait"


def told_of(*steps_done):
    """The outcome of a night whose steps ended so, and the report that it wrote."""
    night = steps.open_night()
    lines = [
        {"etape": name, "etat": state, "phrase": "dit pourquoi", "duree_s": 0.1} for name, state in steps_done
    ]
    with (warehouse.work_folder(night) / "etapes.jsonl").open("a", encoding="utf-8") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)
    outcome = steps.close_night(night)
    return outcome, (get_settings().reports / report.LAST_NIGHT).read_text(encoding="utf-8")


BUILT = (("construction", "construit"), ("contrôles", "fait"))


def test_dashboards_that_fail_do_not_hide_that_a_version_was_published():
    outcome, written = told_of(*BUILT, ("publication", "publie"), ("tableaux de bord", "echec"))
    assert outcome["etat"] == "publie"
    assert outcome["alertes"][0].startswith("une nouvelle version est servie, mais les tableaux de bord")
    assert "étape tableaux de bord en échec : dit pourquoi" in outcome["alertes"]
    assert "rien n'est publié" not in written and "n'a rien publié" not in written


def test_a_publication_that_fails_leaves_the_last_version_and_says_so():
    outcome, written = told_of(*BUILT, ("publication", "echec"))
    assert outcome["etat"] == "echec"
    assert outcome["alertes"][0].startswith("la nuit n'a rien publié")
    assert "ÉCHEC, rien n'est publié" in written
