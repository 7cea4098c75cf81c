"""The trial has a confidential deposit with small counts: an attacker of what is published finds nothing."""

import csv
import datetime as dt
import io

import pytest

from acces_soins.catalog import get_source
from acces_soins.disclosure.attacker import exposed
from acces_soins.disclosure.rules import PRIMARY, frequency_rules
from acces_soins.disclosure.suppression import protect
from acces_soins.disclosure.tables import FRANCE, Key, make_table
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
    region_of = regions()
    for row in csv.DictReader(io.StringIO(shown.bytes.decode("utf-8-sig")), delimiter=";"):
        count = float(row["nb_consultations"])
        places = [("departement", row["departement"]), ("region", region_of[row["departement"]]), FRANCE]
        for place in places:
            key = Key(CODE, *place, row["date_situation"])
            counts[key] = counts.get(key, 0) + count
    return make_table(counts, [], {CODE: frequency_rules()[CODE].threshold}, region_of)


def test_the_attacker_finds_nothing_in_what_is_published(deposited):
    masks = protect(deposited)
    assert len(deposited.counts) == 120
    assert set(masks.values()) == {"secret_primaire", "secret_secondaire"}
    assert exposed(deposited, masks, set(deposited.counts) - set(masks)) == {}


def test_without_secondary_suppression_the_attacker_finds_the_small_counts(deposited):
    primary = dict.fromkeys(deposited.confidential, PRIMARY)
    found = exposed(deposited, primary, set(deposited.counts) - set(primary))
    assert found
    assert {bounds for bounds in found.values()} <= {(deposited.counts[key],) * 2 for key in found}
