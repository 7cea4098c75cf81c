"""Backup and restore of the irreplaceable: whole, verified, never over something."""

import io
import tarfile

import pytest

from acces_soins import backup, landing, ledger
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.landing import Manifest

REGIONS = "insee.cog_regions"


@pytest.fixture
def landed(tmp_path, source):
    original, table = tmp_path / "f.csv", tmp_path / "table.parquet"
    original.write_bytes(b"abc")
    table.write_bytes(b"table")
    manifest = Manifest(
        source=REGIONS, edition="2026", fichier="f.csv", sha256=landing.sha256_of(original), bytes=3,
        url="essai:", fetched_at=landing.now(),
    )  # fmt: skip
    ledger.append(ledger.NIGHTS, {"nuit": "n"})
    return landing.admit(source(REGIONS), manifest, original, table)


def test_a_backup_is_restored_elsewhere_as_it_was(landed, tmp_path, use_settings, source):
    assert backup.backup(tmp_path / "s.tar.gz") > 3
    use_settings(donnees=tmp_path / "ailleurs")
    assert backup.restore(tmp_path / "s.tar.gz") == 1
    assert landing.manifests(source(REGIONS)) == [landed]
    assert [event["nuit"] for event in ledger.read(ledger.NIGHTS)] == ["n"]


def test_a_restore_overwrites_nothing(landed, tmp_path):
    backup.backup(tmp_path / "s.tar.gz")
    with pytest.raises(ConfigurationError, match="n'est pas vide"):
        backup.restore(tmp_path / "s.tar.gz")


def test_a_backup_overwrites_nothing(landed, tmp_path):
    (tmp_path / "s.tar.gz").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="existe déjà"):
        backup.backup(tmp_path / "s.tar.gz")


def test_a_changed_byte_is_noticed(landed, tmp_path, use_settings):
    (landed.folder / "f.csv").write_bytes(b"abd")
    backup.backup(tmp_path / "s.tar.gz")
    use_settings(donnees=tmp_path / "ailleurs")
    with pytest.raises(AccesSoinsError, match=r"f\.csv : attendu l'empreinte .* n'est pas intacte"):
        backup.restore(tmp_path / "s.tar.gz")


def test_a_truncated_backup_is_refused(landed, tmp_path, use_settings):
    backup.backup(tmp_path / "s.tar.gz")
    whole = (tmp_path / "s.tar.gz").read_bytes()
    (tmp_path / "coupee.tar.gz").write_bytes(whole[: len(whole) // 2])
    use_settings(donnees=tmp_path / "ailleurs")
    with pytest.raises(AccesSoinsError, match="sauvegarde illisible"):
        backup.restore(tmp_path / "coupee.tar.gz")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../ailleurs", tarfile.REGTYPE), ("/etc/essai", tarfile.REGTYPE), ("brut/../../x", tarfile.REGTYPE),
     ("brut/lien", tarfile.SYMTYPE), ("publication/x", tarfile.REGTYPE)],
)  # fmt: skip
def test_a_backup_that_we_did_not_write_is_refused_before_anything_is_unpacked(tmp_path, name, kind):
    with tarfile.open(tmp_path / "s.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member, io.BytesIO())
    with pytest.raises(AccesSoinsError, match="qu'elle n'écrit jamais"):
        backup.restore(tmp_path / "s.tar.gz")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "s.tar.gz"]
