"""Versions: whole or not at all, served by one link, private unless marked."""

import json

import duckdb
import pytest

from acces_soins import ledger, publication
from acces_soins.settings import get_settings
from acces_soins.versioning import Inputs

CHECK = {
    "run": "n", "controle": "cle_unique", "severite": "critique", "attendu": "a", "observe": "o",
    "resultat": "reussi", "exemples": [{"trimestre": "2025T1"}], "phrase": "p", "suite": "s",
    "frontiere": "sortie",
}  # fmt: skip


def inputs(code="c1"):
    return Inputs(code=code, commit="abc", date_arrete="2026-09-30", donnees="essai", editions={})


@pytest.fixture
def private(tmp_path):
    path = tmp_path / "prive.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema staging")
        connection.execute("create table marts.public as select 1 as valeur, 'é' as texte")
        connection.execute("comment on column marts.public.valeur is 'Une valeur, d''essai'")
        connection.execute("create table marts.secret as select 2 as valeur")
        connection.execute("create table staging.brut as select 3 as valeur")
    return path


def tables():
    with duckdb.connect(str(get_settings().published_warehouse), read_only=True) as connection:
        return {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}


def test_only_what_is_marked_is_published(private):
    publication.publish(private, inputs(), ["public"], [CHECK], "n")
    assert tables() == {"public", "qualite"}


def test_checks_and_comments_travel_with_the_version(private):
    publication.publish(private, inputs(), ["public"], [CHECK], "n")
    with duckdb.connect(str(get_settings().published_warehouse), read_only=True) as connection:
        check = connection.execute("select controle, exemples from marts.qualite").fetchone()
        comment = connection.execute(
            "select comment from duckdb_columns() where column_name = 'valeur'"
        ).fetchone()
    assert check == ("cle_unique", json.dumps([{"trimestre": "2025T1"}]))
    assert comment == ("Une valeur, d'essai",)


def test_every_table_is_a_file_too(private):
    publication.publish(private, inputs(), ["public"], [CHECK], "n")
    files = {path.name for path in (get_settings().current / "fichiers").iterdir()}
    assert files == {"public.csv", "public.parquet", "qualite.csv", "qualite.parquet"}
    assert (get_settings().current / "fichiers" / "public.csv").read_text() == "valeur,texte\n1,é\n"


def test_a_version_tells_what_it_is_made_of_and_its_parent(private):
    first = publication.publish(private, inputs(), ["public"], [], "n1")
    second = publication.publish(private, inputs("c2"), ["public"], [], "n2")
    assert publication.current_version() == second
    assert second["parent"] == first["version"] and first["parent"] is None
    assert second["commit"] == "abc" and second["date_arrete"] == "2026-09-30"
    assert second["version"].endswith(inputs("c2").fingerprint[:8])


def test_a_reader_of_the_old_version_goes_on_while_new_readers_see_the_new_one(private):
    publication.publish(private, inputs(), ["public"], [], "n1")
    with duckdb.connect(str(get_settings().published_warehouse.resolve()), read_only=True) as reader:
        with duckdb.connect(str(private)) as connection:
            connection.execute("update marts.public set valeur = 9")
        publication.publish(private, inputs("c2"), ["public"], [], "n2")
        assert reader.execute("select valeur from marts.public").fetchone() == (1,)
    with duckdb.connect(str(get_settings().published_warehouse), read_only=True) as reader:
        assert reader.execute("select valeur from marts.public").fetchone() == (9,)


def test_a_publication_that_fails_leaves_the_served_version_as_it_was(private):
    first = publication.publish(private, inputs(), ["public"], [], "n1")
    before = get_settings().published_warehouse.read_bytes()
    with pytest.raises(duckdb.Error):
        publication.publish(private, inputs("c2"), ["absente"], [], "n2")
    assert publication.current_version() == first
    assert get_settings().published_warehouse.read_bytes() == before


def test_what_a_killed_publication_left_is_cleared_by_the_next(private):
    draft = get_settings().publication / "versions" / ".20260101T000000Z-mort"
    draft.mkdir(parents=True)
    (draft / "entrepot.duckdb").write_bytes(b"partiel")
    publication.publish(private, inputs(), ["public"], [], "n")
    assert not draft.exists()


def test_a_whole_version_that_was_never_served_is_cleared_and_one_put_back_by_hand_is_not(private):
    first = publication.publish(private, inputs(), ["public"], [], "n1")
    second = publication.publish(private, inputs("c2"), ["public"], [], "n2")
    ledger.append(ledger.PUBLICATIONS, second)
    versions = get_settings().publication / "versions"
    orphan = {**second, "version": "20990101T000000Z-jamais", "parent": second["version"]}
    (versions / orphan["version"]).mkdir()
    (versions / orphan["version"] / "version.json").write_text(json.dumps(orphan))
    (get_settings().publication / ".courante-1").symlink_to("versions/x")
    get_settings().current.unlink()
    get_settings().current.symlink_to(f"versions/{first['version']}")
    third = publication.publish(private, inputs("c3"), ["public"], [], "n3")
    kept = {path.name for path in versions.iterdir()}
    assert kept == {version["version"] for version in (first, second, third)}
    assert not list(get_settings().publication.glob(".courante-*"))


def test_same_inputs_have_the_same_fingerprint_whatever_the_commit():
    one = inputs()
    other = Inputs(**{**one.__dict__, "commit": "def"})
    assert one.fingerprint == other.fingerprint != inputs("c2").fingerprint
