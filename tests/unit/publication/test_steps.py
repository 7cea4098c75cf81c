"""The steps by hand: nothing is checked that was not built, nothing published that was not checked."""

import json

import pytest

from acces_soins import publication, steps, warehouse
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
