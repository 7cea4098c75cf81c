"""Masks that a producer's own totals give away: one unknown in a sum, one sum after the other."""

import pytest

from acces_soins.disclosure.producer_masks import alone, children_of
from secret_tables import REGIONS

EVERYWHERE = {("departement", code) for code in REGIONS} | {("region", code) for code in REGIONS.values()}
FRANCE = ("france", "FR")


def states(*masked, absent=()):
    places = (EVERYWHERE | {FRANCE}) - set(absent)
    return {place: place not in masked for place in places}


@pytest.mark.parametrize(
    ("masked", "absent", "found"),
    [
        ([], [], set()),
        ([("departement", "10")], [], {("departement", "10")}),
        ([("departement", "10"), ("departement", "08")], [], set()),
        ([("departement", "976"), ("region", "06")], [], {("departement", "976"), ("region", "06")}),
        ([("departement", "976"), ("region", "06"), FRANCE], [], set()),
        ([("departement", "2A"), ("region", "94")], [], {("departement", "2A"), ("region", "94")}),
        ([("departement", "10")], [("departement", "08")], set()),
    ],
    ids=["none", "one", "two", "overseas", "France too", "chain", "open sum"],
)
def test_what_a_subtraction_gives(masked, absent, found):
    assert alone(states(*masked, absent=absent), children_of(REGIONS)) == found
