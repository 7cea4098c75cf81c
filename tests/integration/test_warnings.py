"""What dbt's data tests warn of is told, and stops nothing."""

import pytest

from acces_soins.settings import get_settings
from acces_soins.trial.replica import Fault, FaultKind
from nights import run_night


@pytest.mark.long
@pytest.mark.data_tests
def test_a_geographic_code_that_differs_from_ours_is_told(after_first_night):
    moved = Fault(FaultKind.REPLACED, change=lambda content: content.replace(b"2A,94,", b"2A,93,"))
    after_first_night.faults["insee.cog_departements"] = moved
    night = run_night(["insee.cog_departements"])
    assert night.state == "publie"
    text = (get_settings().reports / "derniere_nuit.txt").read_text()
    assert "à relire : referentiel_conforme_au_cog" in text
