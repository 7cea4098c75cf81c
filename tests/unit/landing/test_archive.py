"""A series of snapshots that its producer overwrites: what each arrival is, and what is lost."""

import datetime as dt
from unittest.mock import Mock

import pytest

from acces_soins import archive, landing, proof, steps
from acces_soins.archive import Nature
from acces_soins.reception import Verdict

ALD = "ameli.patients_longueduree_infra_annuelle"
STOCK = "finess.etablissements"
ANNUAL = "ameli.demographie_effectifs_densites"


def kinds(source) -> list[Nature]:
    return [nature for _, nature in archive.natures(source)]


def test_periods_that_follow_one_another(land, source):
    for edition in ("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31"):
        land(ALD, edition, edition.encode())
    assert kinds(source(ALD)) == [Nature.FIRST, Nature.NEXT, Nature.NEXT, Nature.NEXT]
    assert archive.missing_periods(source(ALD)) == []


def test_a_skipped_quarter_is_named_until_it_is_deposited(land, source):
    land(ALD, "2024-12-31", b"a")
    skip = land(ALD, "2025-09-30", b"b")
    assert kinds(source(ALD)) == [Nature.FIRST, Nature.SKIP]
    told = archive.describe(source(ALD), skip, Nature.SKIP, archive.earlier(source(ALD), skip))
    assert "saut, 2025-03-31, 2025-06-30 n'a pas été reçu" in told
    land(ALD, "2025-03-31", b"c", url="depot:c.csv")
    assert kinds(source(ALD))[-1] is Nature.COMPLEMENT
    assert archive.missing_periods(source(ALD)) == [dt.date(2025, 6, 30)]


def test_a_portal_that_goes_backwards(land, source):
    land(ALD, "2025-06-30", b"a")
    back = land(ALD, "2025-03-31", b"b")
    assert kinds(source(ALD)) == [Nature.FIRST, Nature.BACKWARDS]
    assert "recul, le portail publie moins récent que l'édition 2025-06-30" in archive.describe(
        source(ALD), back, Nature.BACKWARDS, archive.earlier(source(ALD), back)
    )


def test_what_an_arrival_is_takes_one_reading_of_the_manifests(land, source, monkeypatch):
    land(ALD, "2025-06-30", b"a")
    verdict = Verdict(land(ALD, "2025-03-31", b"b"), is_new=True)
    read = Mock(wraps=landing.manifests)
    monkeypatch.setattr(landing, "manifests", read)
    assert "recul" in steps._event(source(ALD), verdict)["phrase"]
    assert read.call_count == 1


def test_the_same_date_with_other_content_is_a_revision(land, source):
    first = land(ALD, "2025-06-30", b"a")
    second = land(ALD, "2025-06-30", b"b")
    assert kinds(source(ALD)) == [Nature.FIRST, Nature.REVISION]
    assert first.folder.exists()
    assert [m.sha256 for m in landing.counting(source(ALD))] == [second.sha256]


def test_a_revision_taken_back_counts_no_more(land, source):
    first = land(ALD, "2025-06-30", b"a")
    land(ALD, "2025-06-30", b"b")
    again = landing.readmit(source(ALD), landing.find(source(ALD), first.sha256), landing.now())
    assert (again.rang, again.sha256) == (3, first.sha256)
    assert [m.sha256 for m in landing.counting(source(ALD))] == [first.sha256]
    assert landing.find(source(ALD), first.sha256) == again
    assert landing.readmit(source(ALD), again, landing.now()) is None
    proved = proof.prove_source(ALD)
    assert (proved.entries, proved.faults) == (3, ())


@pytest.mark.parametrize("source_id", [ANNUAL, STOCK])
def test_only_series_of_snapshots_lose_periods(land, source, source_id):
    land(source_id, "2021-12-31", b"a")
    land(source_id, "2024-12-31", b"b")
    assert kinds(source(source_id)) == [Nature.FIRST, Nature.NEXT]
    assert archive.missing_periods(source(source_id)) == []
