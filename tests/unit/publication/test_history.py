"""The register of published values: an unchanged figure is written once, a publication entered once."""

import duckdb
import pytest

from acces_soins import history, ledger, registers
from acces_soins.settings import get_settings
from acces_soins.versioning import Inputs

ROW = (
    "'{}' as code_indicateur, '{}' as niveau, '{}' as code_territoire, '2024T4' as trimestre, "
    "{}::double as valeur, 'observe' as statut, date '2024-12-31' as date_reference, "
    "'v1' as version_methode, '{}' as sha256"
)


@pytest.fixture
def publish():
    """Enter a publication: its name, its rows as (code, niveau, territoire, valeur, sha256)."""

    def enter(name: str, *rows: tuple) -> dict:
        folder = get_settings().publication / "versions" / name
        folder.mkdir(parents=True)
        query = " union all ".join("select " + ROW.format(*row) for row in rows)
        with duckdb.connect() as connection:
            connection.execute(f"create view longue as {query}")
            history.write_changes(connection, "longue", name, folder / history.FILE)
        version = {"version": name, "indicateurs": {"apl_mg": {"sources": f"s-{name}", "corrections": "c"}}}
        history.record(version)
        return version

    return enter


def told() -> list[tuple]:
    with duckdb.connect() as connection:
        history.create_view(connection, "valeurs")
        return connection.execute(
            "select publication, niveau, code_territoire, valeur, sha256 from valeurs order by all"
        ).fetchall()


def test_nothing_is_told_before_the_first_publication():
    assert told() == []


def test_only_what_changed_is_written_again(publish):
    publish("b-1", ("apl_mg", "departement", "01", 3, "f"), ("apl_mg", "region", "01", 4, "f"))
    publish("a-2", ("apl_mg", "departement", "01", 3.5, "g"), ("apl_mg", "region", "01", 4, "f"))
    # Back to the first value: it is a change too, against the last publication and not against any.
    publish("c-3", ("apl_mg", "departement", "01", 3, "f"), ("apl_mg", "region", "01", "null", "f"))
    assert told() == [
        ("a-2", "departement", "01", 3.5, "g"),
        ("b-1", "departement", "01", 3, "f"),
        ("b-1", "region", "01", 4, "f"),
        ("c-3", "departement", "01", 3, "f"),
        ("c-3", "region", "01", None, "f"),
    ]


def test_the_same_figures_again_write_no_row(publish):
    row = ("apl_mg", "departement", "2A", "null", "f")
    publish("a-1", row)
    publish("a-2", row)
    assert told() == [("a-1", "departement", "2A", None, "f")]
    assert history.publications() == ["a-1", "a-2"]


def test_a_publication_entered_twice_is_entered_once(publish):
    version = publish("a-1", ("apl_mg", "departement", "2A", 3, "f"))
    history.record(version)
    assert len(ledger.read(ledger.PUBLICATIONS)) == 1 and len(told()) == 1


def test_a_night_killed_between_values_and_line_is_made_good(publish):
    version = publish("a-1", ("apl_mg", "departement", "2A", 3, "f"))
    (get_settings().ledger / "publications").rename(get_settings().ledger / "perdu")
    assert history.recorded() == []
    history.record(version)
    assert [path.stem for path in history.recorded()] == ["a-1"]


def test_the_registers_tell_publications_in_order_with_their_fingerprints(publish):
    publish("b-1", ("apl_mg", "departement", "2A", 3, "f"))
    publish("a-2", ("apl_mg", "departement", "2A", 4, "f"))
    inputs = Inputs(code="c", commit="c", date_arrete="2026-09-30", donnees="essai", editions={})
    with duckdb.connect() as connection:
        registers.create(connection, inputs)
        ranks = connection.execute("from registre.publications order by rang").fetchall()
        marks = connection.execute("from registre.empreintes order by 1").fetchall()
        values = connection.execute("select count(*) from registre.valeurs").fetchone()
    assert ranks == [("b-1", 1), ("a-2", 2)]
    assert marks == [("a-2", "apl_mg", "s-a-2", "c"), ("b-1", "apl_mg", "s-b-1", "c")]
    assert values == (2,)
