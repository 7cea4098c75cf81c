"""The raw zone: immutable, content-addressed, chained; what counts; the quarantine."""

import json

import pytest

from acces_soins import landing
from acces_soins.errors import AccesSoinsError, ConfigurationError, RefusedInput

ALD = "ameli.patients_longueduree_infra_annuelle"
DEMOGRAPHY = "ameli.demographie_effectifs_densites"


def test_an_edition_lands_with_its_bytes_manifest_and_table(land):
    manifest = land(ALD, "2025-06-30", b"abc")
    assert (manifest.folder / "fichier.csv").read_bytes() == b"abc"
    assert (manifest.folder / "fichier.csv").stat().st_mode & 0o777 == 0o600
    assert manifest.table.exists()
    assert manifest.folder.name == manifest.sha256[:12]


def test_the_same_bytes_twice_make_one_entry(land, source):
    first, second = land(ALD, "2025-06-30", b"abc"), land(ALD, "2025-06-30", b"abc")
    assert first == second
    assert len(landing.manifests(source(ALD))) == 1


def test_manifests_are_chained(land):
    first, second = land(ALD, "2025-03-31", b"a"), land(ALD, "2025-06-30", b"b")
    assert first.precedent is None
    assert second.precedent == landing.sha256_of(first.folder / landing.MANIFEST)


def test_snapshots_of_an_overwritten_set_all_count(land, source):
    for edition in ("2025-03-31", "2025-09-30", "2025-06-30"):
        land(ALD, edition, edition.encode())
    counted = [manifest.edition for manifest in landing.counting(source(ALD))]
    assert counted == ["2025-03-31", "2025-06-30", "2025-09-30"]


def test_a_revision_of_an_edition_replaces_it_and_keeps_it(land, source):
    land(ALD, "2025-06-30", b"premiere")
    revised = land(ALD, "2025-06-30", b"revisee")
    assert landing.counting(source(ALD)) == [revised]
    assert len(landing.manifests(source(ALD))) == 2


def test_of_a_set_that_holds_its_whole_history_the_last_edition_counts(land, source):
    land(DEMOGRAPHY, "2024", b"2024")
    land(DEMOGRAPHY, "2023", b"2023")
    assert [manifest.edition for manifest in landing.counting(source(DEMOGRAPHY))] == ["2024"]


def test_a_draft_left_by_a_killed_run_does_not_count_nor_disturb(land, source):
    draft = landing.source_folder(source(ALD)) / ".arrivee"
    draft.mkdir(parents=True)
    (draft / landing.MANIFEST).write_text("{")
    assert landing.manifests(source(ALD)) == []
    land(ALD, "2025-06-30", b"abc")
    assert len(landing.manifests(source(ALD))) == 1


@pytest.mark.parametrize("edition", ["../2025", "2025/06", "", "2025 06"])
def test_an_edition_that_is_no_safe_name_is_refused(land, edition):
    with pytest.raises(ConfigurationError):
        land(ALD, edition, b"abc")


def test_an_unreadable_manifest_says_what_to_do(land, source):
    manifest = land(ALD, "2025-06-30", b"abc")
    (manifest.folder / landing.MANIFEST).write_text("{}")
    with pytest.raises(AccesSoinsError, match="acces-soins restore"):
        landing.manifests(source(ALD))


def test_a_refused_file_is_kept_with_its_reason_once(tmp_path, source):
    refusal = RefusedInput("f.csv", "ligne 2", "un nombre", "« x »", "Corriger.")
    for _ in range(2):
        path = tmp_path / "f.csv"
        path.write_bytes(b"mauvais")
        folder = landing.quarantine(source(ALD), path, refusal, "essai:")
        assert not path.exists()
    reason = json.loads((folder / "motif.json").read_text())
    assert reason["phrase"] == "f.csv, ligne 2 : attendu un nombre ; trouvé « x ». Corriger."
    assert (folder / "f.csv").read_bytes() == b"mauvais"
    assert len(list(folder.parent.iterdir())) == 1


def test_a_manifest_of_an_older_version_is_still_read(land, source):
    path = land(ALD, "2025-06-30", b"abc").path
    told = json.loads(path.read_text(encoding="utf-8"))
    del told["separator"]
    path.write_text(json.dumps(told), encoding="utf-8")
    assert landing.latest(source(ALD)).separator is None
