"""The proof of the archive: each thing done to it by hand is found, and named."""

import json
import shutil
from dataclasses import asdict, replace

import pytest
from typer.testing import CliRunner

from acces_soins import durable, landing, ledger, proof
from acces_soins.cli import app
from acces_soins.errors import AccesSoinsError
from acces_soins.settings import get_settings

ALD = "ameli.patients_longueduree_infra_annuelle"
EDITIONS = ("2025-03-31", "2025-06-30", "2025-09-30")


@pytest.fixture
def archive(land):
    """Three editions of a source, told by the register as a night tells them."""
    landed = [land(ALD, edition, edition.encode()) for edition in EDITIONS]
    for one in landed:
        ledger.append(
            ledger.EXTRACTIONS,
            {
                "nuit": "n",
                "source": ALD,
                "resultat": "nouvelle_edition",
                "edition": one.edition,
                "sha256": one.sha256,
            },
        )
    return landed


def faults() -> dict[str, str]:
    """What is found, by the file that is named."""
    return {fault.file: fault.sentence for fault in proof.prove_source(ALD).faults}


def folder_of(manifest) -> str:
    return manifest.folder.relative_to(get_settings().root).as_posix()


def test_an_archive_as_received_is_proved(archive):
    proved = proof.prove_source(ALD)
    assert (proved.entries, proved.checked, proved.pruned, proved.faults) == (3, 3, 0, ())


@pytest.mark.parametrize("name", ["fichier.csv", "table.parquet"])
def test_an_overwritten_byte_is_found(archive, name):
    path = archive[1].folder / name
    path.chmod(0o600)
    path.write_bytes(b"X" + path.read_bytes()[1:])
    assert list(faults()) == [f"{folder_of(archive[1])}/{name}"]
    assert "l'empreinte" in faults().popitem()[1]


@pytest.mark.parametrize("name", ["fichier.csv", "table.parquet"])
def test_removed_bytes_are_found(archive, name):
    (archive[1].folder / name).unlink()
    assert list(faults()) == [f"{folder_of(archive[1])}/{name}"]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_removed_edition_is_found_the_last_one_too(archive, rank):
    gone = archive[rank - 1]
    shutil.rmtree(gone.folder)
    assert list(faults()) == [folder_of(gone)]
    assert "a été retirée" in faults()[folder_of(gone)]


def test_a_whole_source_removed_is_found(archive):
    shutil.rmtree(landing.source_folder(landing.load_sources()[ALD]))
    assert set(faults()) == {folder_of(one) for one in archive}


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_an_edited_manifest_is_found(archive, rank):
    path = archive[rank - 1].path
    path.write_text(path.read_text(encoding="utf-8").replace("essai:", "ailleurs:"), encoding="utf-8")
    assert list(faults()) == [f"{folder_of(archive[rank - 1])}/manifest.json"]


def test_an_edited_manifest_is_found_without_the_arrivals_too(archive):
    """Archives older than the register of arrivals have the chain alone."""
    shutil.rmtree(get_settings().ledger / ledger.ARRIVALS)
    assert faults() == {}
    path = archive[0].path
    path.write_text(path.read_text(encoding="utf-8").replace("essai:", "ailleurs:"), encoding="utf-8")
    assert list(faults()) == [f"{folder_of(archive[0])}/manifest.json"]


def test_an_edition_slipped_in_is_found_though_it_is_chained(archive, tmp_path):
    (tmp_path / "faux.csv").write_bytes(b"faux")
    sha256 = landing.sha256_of(tmp_path / "faux.csv")
    last = archive[-1]
    false = replace(
        last,
        edition="2025-12-31",
        sha256=sha256,
        rang=4,
        precedent=landing.sha256_of(last.path),
        table_sha256=None,
    )
    false.folder.mkdir(parents=True)
    shutil.move(tmp_path / "faux.csv", false.folder / false.fichier)
    shutil.copy(last.table, false.table)
    (false.folder / landing.MANIFEST).write_text(json.dumps(asdict(false)), encoding="utf-8")
    assert list(faults()) == [f"{folder_of(false)}/manifest.json"]
    assert "une arrivée inscrite" in faults().popitem()[1]


def test_a_file_that_no_manifest_names_is_found(archive):
    (archive[0].folder / "note.txt").write_text("x")
    (get_settings().landing / "note.txt").write_text("x")
    assert list(faults()) == [f"{folder_of(archive[0])}/note.txt"]
    assert [one.name for one in proof.prove() if one.faults] == [ALD, "hors des sources"]


def test_a_removal_in_the_guise_of_a_pruning_is_found(archive, source):
    landing.prune(source(ALD), archive[0], "élagué à la main")
    assert list(faults()) == [f"{folder_of(archive[0])}/elague.json"]


def test_a_run_killed_before_the_rename_is_no_fault(archive, land, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(durable, "put_in_place", lambda *_: (_ for _ in ()).throw(OSError("tué")))
        land(ALD, "2025-12-31", b"quatre")
    assert faults() == {}
    assert land(ALD, "2025-12-31", b"quatre").rang == 4
    assert faults() == {}


def test_the_command_names_each_fault_and_ends_in_error(archive):
    assert "Archive intacte" in CliRunner().invoke(app, ["verify", "--archive"]).output
    (archive[0].folder / "fichier.csv").unlink()
    (archive[2].folder / "table.parquet").unlink()
    ended = CliRunner().invoke(app, ["verify", "--archive"])
    assert isinstance(ended.exception, AccesSoinsError)
    assert str(ended.exception).count("Reprendre ce fichier d'une sauvegarde") == 2


def test_the_head_of_a_chain_moves_with_each_arrival(archive, land):
    assert landing.chain_heads() == {ALD: landing.sha256_of(archive[-1].path)}
    last = land(ALD, "2025-12-31", b"quatre")
    assert landing.chain_heads() == {ALD: landing.sha256_of(last.path)}
