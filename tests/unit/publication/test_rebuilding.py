"""A version made again: refused with another code, from the archive of its day, table by table."""

import json

import pytest

from acces_soins import (
    factsheets,
    formats,
    history,
    ledger,
    rebuilding,
    releases,
    verification,
    versioning,
)
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.landing import PRUNED, TABLE, chain_heads, manifests, prune
from acces_soins.settings import get_settings
from small_publications import CONTRACTS, corsica, publish

ALD = "ameli.patients_longueduree_infra_annuelle"
VERSION = {
    "version": "20260701T020000Z-abc",
    "publie_le": "2026-07-01T02:00:00+00:00",
    "commit": "a" * 40,
    "code": "c0de",
    "donnees": "essai",
    "editions": {},
    "chaines": {ALD: "x"},
    "tables": {"revisions": {"lignes": 0, "empreinte": "e"}},
}


@pytest.fixture
def checked_out(monkeypatch):
    """What is checked out: a commit (« + » for a dirty tree) and the hash of its code."""

    def set_to(commit, code):
        monkeypatch.setattr(versioning, "commit", lambda: commit)
        monkeypatch.setattr(versioning, "code_hash", lambda: code)

    return set_to


def test_the_commit_that_made_it_may_make_it_again(checked_out):
    checked_out("a" * 40, "c0de")
    rebuilding.check_code(VERSION)
    checked_out("a" * 40 + "+", "c0de")
    rebuilding.check_code(VERSION | {"commit": "a" * 40 + "+"})


@pytest.mark.parametrize(
    ("commit", "made_with", "said"),
    [
        ("b" * 40, "a" * 40, f"trouvé le commit {'b' * 12}.*git checkout {'a' * 40}"),
        ("a" * 40 + "+", "a" * 40, f"fichiers modifiés.*git stash.*git checkout {'a' * 40}"),
        ("a" * 40 + "+", "a" * 40 + "+", "ne peut pas être refaite"),
        ("b" * 40, "inconnu", "sans git"),
    ],
    ids=["another commit", "a dirty tree", "made of a dirty tree", "made without git"],
)
def test_another_code_is_refused_with_what_to_check_out(checked_out, commit, made_with, said):
    checked_out(commit, "autre")
    with pytest.raises(ConfigurationError, match=said):
        rebuilding.check_code(VERSION | {"commit": made_with})


def test_a_version_is_found_in_the_register_and_a_release_by_its_version():
    ledger.append(ledger.PUBLICATIONS, VERSION)
    release = get_settings().publication / "releases" / "2026T2-r0"
    release.mkdir(parents=True)
    (release / "release.json").write_text(json.dumps({"version": VERSION["version"]}))
    for name in (VERSION["version"], "2026T2-r0"):
        assert rebuilding.find(name)["tables"] == VERSION["tables"]
    with pytest.raises(ConfigurationError, match="rien de ce nom"):
        rebuilding.find("2026T3-r0")


def test_the_archive_is_put_back_as_it_stood(land, tmp_path, source):
    first = land(ALD, "2026-03-31", b"a")
    heads = chain_heads()
    land(ALD, "2026-06-30", b"b")
    for version in (VERSION | {"version": "avant"}, VERSION, VERSION | {"version": "apres"}):
        history.record(version)
    ledger.append(ledger.EXTRACTIONS, {"source": ALD, "resultat": "echec", "phrase": "bien après"})
    rebuilding.put_back(VERSION | {"chaines": heads, "editions": {"e": first.sha256}}, tmp_path / "essai")
    back = tmp_path / "essai" / "brut" / ALD.replace(".", "/")
    assert [path.parent.parent.name for path in back.glob("*/*/manifest.json")] == ["2026-03-31"]
    assert (back / "2026-03-31" / first.sha256[:12] / TABLE).read_bytes() == first.table.read_bytes()
    events = (tmp_path / "essai" / "registre" / "publications" / "passe.jsonl").read_text().splitlines()
    assert [json.loads(event)["version"] for event in events] == ["avant"]
    assert (tmp_path / "essai" / "registre" / "extractions" / "passe.jsonl").read_text() == ""


def test_bytes_pruned_since_are_told_where_the_version_read_them(land, tmp_path, source):
    landed = land(ALD, "2026-03-31", b"a")
    history.record(VERSION)
    version = VERSION | {"chaines": chain_heads(), "editions": {"e": landed.sha256}}
    prune(source(ALD), landed, "règle")
    with pytest.raises(AccesSoinsError, match="édition 2026-03-31 : ses octets ont été élagués depuis"):
        rebuilding.put_back(version, tmp_path / "lu")
    # Bytes that were pruned already, or that it did not read, are not missed.
    rebuilding.put_back(version | {"editions": {}}, tmp_path / "pas-lu")
    rebuilding.put_back(version | {"publie_le": "2100-01-01T00:00:00+00:00"}, tmp_path / "deja")
    assert list((tmp_path / "deja").rglob(PRUNED))


def test_a_manifest_that_is_gone_is_told(land, tmp_path, source):
    land(ALD, "2026-03-31", b"a")
    history.record(VERSION)
    version = VERSION | {"chaines": chain_heads()}
    manifests(source(ALD))[0].path.unlink()
    with pytest.raises(AccesSoinsError, match="verify --archive"):
        rebuilding.put_back(version, tmp_path / "essai")


def test_tables_are_compared_by_rows_and_hash_and_the_checks_of_the_night_are_not():
    published = {"a": {"lignes": 1, "empreinte": "x"}, "b": {"lignes": 1, "empreinte": "x"}, "qualite": {}}
    rebuilt = {"a": {"lignes": 1, "empreinte": "x"}, "b": {"lignes": 1, "empreinte": "y"}, "c": {"lignes": 2}}
    compared = rebuilding.compare(published, rebuilt)
    assert {one.name: one.verdict for one in compared} == {
        "a": "identique",
        "b": "différente",
        "c": "différente",
    }
    assert "b : attendu 1 lignes ; trouvé 1 lignes, autres." in compared[1].sentence
    assert "c : attendu rien ; trouvé 2 lignes, autres." in compared[2].sentence


@pytest.fixture
def release(tmp_path, monkeypatch):
    """A frozen release of a small publication."""
    monkeypatch.setattr(verification, "published_contracts", lambda: CONTRACTS)
    monkeypatch.setattr(
        formats, "write", lambda database, target, about, beside: formats.write_nightly(database, target)
    )
    monkeypatch.setattr(factsheets, "write", lambda database, target, about: target.mkdir())
    publish(tmp_path, "c1", corsica(3, 4))
    releases.propose("2026T3")
    releases.freeze("2026T3-r0", "Camille Essai")
    get_settings().work.mkdir(parents=True)
    return get_settings().releases / "2026T3-r0"


def test_the_files_of_a_release_are_made_again_byte_for_byte(release):
    compared = rebuilding.remake(release)
    assert {one.verdict for one in compared} == {"identique"}
    names = {one.name for one in compared}
    assert {"comparaison.html", "politique_de_revision.md", "fichiers/territoires.csv"} <= names
    assert "entrepot.duckdb" not in names


def test_a_file_that_its_tables_do_not_give_is_named(release, monkeypatch):
    path = release / "fichiers" / "territoires.csv"
    path.chmod(0o644)
    path.write_text("autre")
    (other,) = [one for one in rebuilding.remake(release) if not one.same]
    assert other.sentence.startswith("fichiers/territoires.csv : attendu 5 octets ; trouvé ")
