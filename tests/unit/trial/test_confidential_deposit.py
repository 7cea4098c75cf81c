"""The trial has a confidential deposit with small counts: an attacker of what is published finds nothing."""

import csv
import datetime as dt
import io
from dataclasses import replace

import pytest

from acces_soins.catalog import get_source
from acces_soins.disclosure.attacker import exposed
from acces_soins.disclosure.rules import frequency_rules
from acces_soins.disclosure.suppression import protect
from acces_soins.disclosure.tables import FRANCE, Key, made_by_few, make_table
from acces_soins.settings import PROJECT
from acces_soins.trial.layouts import extract

CODE, SOURCE = "nb_consultations_solidarite", "ministere.solidarite_territoriale"
DAYS = [dt.date(2026, 11, 22), dt.date(2026, 2, 22)]


def regions() -> dict[str, str]:
    with (PROJECT / "dbt_project/seeds/ref_territoires.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["niveau"] == "departement"]
    return {row["code_territoire"]: row["code_region"] for row in rows}


@pytest.fixture(params=DAYS, ids=str)
def deposited(request):
    """The counts of the deposit of a day, with régions and France as the sums that the build makes."""
    shown = extract(get_source(SOURCE), request.param)
    counts: dict[Key, float] = {}
    doctors: dict[Key, float] = {}
    region_of = regions()
    for row in csv.DictReader(io.StringIO(shown.bytes.decode("utf-8-sig")), delimiter=";"):
        count = float(row["nb_consultations"])
        places = [("departement", row["departement"]), ("region", region_of[row["departement"]]), FRANCE]
        for place in places:
            key = Key(CODE, *place, row["date_situation"])
            counts[key] = counts.get(key, 0) + count
        doctors[Key(CODE, *places[0], row["date_situation"])] = float(row["nb_medecins"])
    rule = frequency_rules()[CODE]
    table = make_table(counts, [], {CODE: rule.threshold}, region_of)
    return replace(table, concentrated=made_by_few(table, doctors, {CODE: rule.contributors}))


def test_the_attacker_finds_nothing_in_what_is_published(deposited):
    masks = protect(deposited)
    assert len(deposited.counts) == 120
    assert set(masks.values()) == {"secret_primaire", "secret_contributeurs", "secret_secondaire"}
    assert exposed(deposited, masks, set(deposited.counts) - set(masks)) == {}


def test_without_secondary_suppression_the_attacker_finds_the_small_counts(deposited):
    primary = {key: deposited.reason(key) for key in deposited.confidential}
    found = exposed(deposited, primary, set(deposited.counts) - set(primary))
    assert found
    assert {bounds for bounds in found.values()} <= {(deposited.counts[key],) * 2 for key in found}
