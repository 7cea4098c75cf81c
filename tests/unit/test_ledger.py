"""The register: appended, never rewritten, readable after a torn line."""

from acces_soins import ledger
from acces_soins.settings import get_settings


def test_events_are_read_back_in_order():
    for number in range(3):
        ledger.append(ledger.NIGHTS, {"nuit": number, "phrase": "périmé"})
    events = ledger.read(ledger.NIGHTS)
    assert [event["nuit"] for event in events] == [0, 1, 2]
    assert events[0]["phrase"] == "périmé" and events[0]["inscrit_le"]


def test_kinds_are_apart():
    ledger.append(ledger.NIGHTS, {})
    assert ledger.read(ledger.EXTRACTIONS) == []


def test_a_torn_line_is_skipped_and_loses_nothing_else():
    ledger.append(ledger.NIGHTS, {"nuit": "a"})
    path = next((get_settings().ledger / ledger.NIGHTS).glob("*.jsonl"))
    with path.open("a") as stream:
        stream.write('{"nuit": "coup')
    ledger.append(ledger.NIGHTS, {"nuit": "b"})
    assert [event["nuit"] for event in ledger.read(ledger.NIGHTS)] == ["a", "b"]


def test_a_line_torn_inside_a_character_costs_that_line_only():
    ledger.append(ledger.NIGHTS, {"nuit": "a"})
    path = next((get_settings().ledger / ledger.NIGHTS).glob("*.jsonl"))
    with path.open("ab") as stream:
        stream.write('{"nuit": "é'.encode()[:-1])
    ledger.append(ledger.NIGHTS, {"nuit": "b"})
    assert [event["nuit"] for event in ledger.read(ledger.NIGHTS)] == ["a", "b"]


def test_a_sentence_may_hold_any_separator():
    ledger.append(ledger.NIGHTS, {"phrase": "un\u2028deux\u0085trois\nquatre"})
    assert [event["phrase"] for event in ledger.read(ledger.NIGHTS)] == ["un\u2028deux\u0085trois\nquatre"]
