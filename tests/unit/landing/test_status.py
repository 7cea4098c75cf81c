"""What an operator reads of the sources: the last success, the last failure and why."""

from acces_soins import ledger, status

REGIONS, COMMUNES = "insee.cog_regions", "insee.cog_communes"


def tell(source, result, sentence=""):
    ledger.append(ledger.EXTRACTIONS, {"source": source, "resultat": result, "phrase": sentence})


def test_failures_are_told_whole_below_the_table_the_most_recent_first():
    tell(REGIONS, "echec", "le portail est en panne")
    tell(REGIONS, "nouvelle_edition")
    tell(COMMUNES, "refus", "ligne 2 : attendu un nombre")
    tell("rien.du_tout", "refus", "source inconnue")
    told = list(status.last_failures())
    assert [line.split(",")[0] for line in told] == ["rien.du_tout", COMMUNES, REGIONS]
    assert told[1].endswith(" : ligne 2 : attendu un nombre") and "depuis" not in told[1]
    assert told[2].endswith(", réussie depuis : le portail est en panne")
    row = next(row for row in status.source_states() if row[0] == REGIONS)
    assert len(row) == len(status.HEADERS) and row[-2] >= row[-1] != "—"


def test_nothing_is_told_where_nothing_failed():
    tell(REGIONS, "inchange")
    assert list(status.last_failures()) == []
