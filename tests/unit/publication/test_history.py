"""The register of published values: a publication entered once, chained, and nothing changed unseen."""

import datetime as dt
import json

import duckdb
import pytest

from acces_soins import history, ledger, registers
from acces_soins.contracts import marts_contracts
from acces_soins.errors import AccesSoinsError
from acces_soins.quality.publication import check_register
from acces_soins.query import CLOSED
from acces_soins.settings import get_settings
from acces_soins.versioning import Inputs

INPUTS = Inputs(code="c", commit="c", date_arrete="2026-09-30", donnees="essai", editions={})
KEY = {"code_indicateur": "apl_mg", "niveau": "departement", "trimestre": "2024T4"}


def private_build(path, known, changes):
    """What a build holds for the register: ``known`` rows of the mart, ``changes`` of this build."""
    with duckdb.connect(str(path)) as connection:
        registers.create(connection, INPUTS)
        connection.execute("create schema intermediaire; create schema marts")
        columns = history.columns()
        typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(
            f"create table marts.valeurs_connues ({typed}, connu_depuis timestamp, connu_jusqua timestamp)"
        )
        for row in known:
            names = ", ".join(row)
            values = [None if value is None else str(value) for value in row.values()]
            connection.execute(
                f"insert into marts.valeurs_connues ({names}) values ({', '.join('?' * len(row))})", values
            )
        connection.execute(
            "create table intermediaire.int_valeurs__changements as "
            "select * exclude (publication, connu_depuis, connu_jusqua) from marts.valeurs_connues limit 0"
        )
        for row in changes:
            connection.execute(
                f"insert into intermediaire.int_valeurs__changements ({', '.join(row)}) "
                f"values ({', '.join('?' * len(row))})",
                list(row.values()),
            )
    return path


@pytest.fixture
def publish(tmp_path):
    """Enter a publication: its name, its day of January, the changes as (territoire, valeur, statut)."""

    def enter(name, day, *changes, known=()):
        folder = get_settings().publication / "versions" / name
        folder.mkdir(parents=True)
        rows = [
            KEY | {"code_territoire": place, "valeur": value, "statut": status}
            for place, value, status in changes
        ]
        build = private_build(tmp_path / f"{name}.duckdb", known, rows)
        moment = dt.datetime(2026, 1, day, 2, tzinfo=dt.UTC)
        with duckdb.connect(str(folder / "entrepot.duckdb")) as connection:
            connection.execute(f"attach '{build}' as prive (read_only); create schema marts")
            connection.execute("create table marts.valeurs_connues as from prive.marts.valeurs_connues")
            history.name_values(connection, name, moment, folder / history.FILE)
        version = {
            "version": name,
            "publie_le": moment.isoformat(),
            "indicateurs": {"apl_mg": {"sources": f"s-{name}", "corrections": "c"}},
        }
        history.record(version)
        return version

    return enter


def told() -> list[tuple]:
    with duckdb.connect() as connection:
        history.create_table(connection, "valeurs")
        return connection.execute(
            "select publication, code_territoire, valeur, statut from valeurs order by all"
        ).fetchall()


def test_the_values_as_known_have_the_columns_of_the_long_table_in_its_order():
    """A column that is added to the long table is added to them too."""
    contracts = marts_contracts()
    known = {
        name: kind for name, kind in contracts["valeurs_connues"].items() if not name.startswith("connu_")
    }
    assert list(known.items()) == [*contracts["indicateurs_trimestriels"].items(), ("publication", "varchar")]
    assert history.columns() == {"publication": "varchar"} | contracts["indicateurs_trimestriels"]


def test_nothing_is_told_before_the_first_publication():
    assert told() == [] and list(history.faults()) == [] and history.chain_head() is None


def test_each_publication_tells_what_it_changed_under_its_name(publish):
    publish("b-1", 1, ("01", 3.0, "observe"), ("2A", None, "masque"))
    publish("a-2", 2, ("01", 4.0, "observe"), ("2A", None, None))
    assert told() == [
        ("a-2", "01", 4.0, "observe"),
        ("a-2", "2A", None, None),
        ("b-1", "01", 3.0, "observe"),
        ("b-1", "2A", None, "masque"),
    ]


def test_a_file_written_before_a_column_existed_is_still_read(publish):
    publish("a-1", 1, ("01", 3.0, "observe"))
    path = history.recorded_file("a-1")
    duckdb.execute(f"copy (select * exclude (borne_haute) from '{path}') to '{path}.vieux' (format parquet)")
    path.with_name(f"{path.name}.vieux").replace(path)
    assert told() == [("a-1", "01", 3.0, "observe")]


def test_a_publication_entered_twice_is_entered_once(publish):
    version = publish("a-1", 1, ("2A", 3.0, "observe"))
    history.record(version)
    assert len(ledger.read(ledger.PUBLICATIONS)) == 1 and len(told()) == 1


def test_a_night_killed_between_values_and_line_is_made_good(publish):
    version = publish("a-1", 1, ("2A", 3.0, "observe"))
    (get_settings().ledger / "publications").rename(get_settings().ledger / "perdu")
    assert history.recorded() == []
    history.record(version)
    assert [path.stem for path in history.recorded()] == ["a-1"]
    assert list(history.faults()) == []


def test_a_build_that_another_publication_overtook_is_not_published(publish, tmp_path):
    build = private_build(tmp_path / "ancienne.duckdb", (), ())
    publish("a-1", 1, ("2A", 3.0, "observe"))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{build}' as prive (read_only)")
        with pytest.raises(AccesSoinsError, match="une autre version a été publiée depuis"):
            history.name_values(connection, "b-2", dt.datetime.now(dt.UTC), tmp_path / "v.parquet")


def test_the_registers_tell_publications_in_order_with_their_instant_and_fingerprints(publish):
    publish("b-1", 1, ("2A", 3.0, "observe"))
    publish("a-2", 2, ("2A", 4.0, "observe"))
    with duckdb.connect() as connection:
        registers.create(connection, INPUTS)
        ranks = connection.execute("from registre.publications order by rang").fetchall()
        marks = connection.execute("from registre.empreintes order by 1").fetchall()
        values = connection.execute("select count(*) from registre.valeurs").fetchone()
    assert ranks == [("b-1", 1, dt.datetime(2026, 1, 1, 2)), ("a-2", 2, dt.datetime(2026, 1, 2, 2))]
    assert marks == [("a-2", "apl_mg", "s-a-2", "c"), ("b-1", "apl_mg", "s-b-1", "c")]
    assert values == (2,)


def test_the_long_table_is_asked_as_it_stood_on_a_day_in_a_closed_file(publish):
    old = KEY | {"code_territoire": "01", "statut": "observe"}
    known = [
        old
        | {
            "valeur": 3,
            "publication": "a-1",
            "connu_depuis": "2026-01-01 02:00",
            "connu_jusqua": "2026-01-03 02:00",
        },
        old
        | {"valeur": 4, "publication": "a-3", "connu_depuis": "2026-01-03 02:00", "connu_jusqua": "infinity"},
        old | {"valeur": 5, "publication": None, "connu_depuis": "infinity", "connu_jusqua": None},
        old
        | {
            "code_territoire": "02",
            "valeur": 9,
            "publication": "a-3",
            "connu_depuis": "2026-01-03 02:00",
            "connu_jusqua": "infinity",
        },
    ]
    publish("a-5", 5, ("01", 5.0, "observe"), ("02", None, None), known=known)
    file = get_settings().publication / "versions" / "a-5" / "entrepot.duckdb"
    with duckdb.connect(str(file), read_only=True, config=CLOSED) as connection:

        def on(day):
            query = "select code_territoire, valeur, publication from marts.au(?) order by all"
            return connection.execute(query, [day]).fetchall()

        assert on("2025-12-31") == []
        # What was published during a day stands on that day.
        assert on("2026-01-01") == on(dt.date(2026, 1, 2)) == [("01", 3.0, "a-1")]
        assert on("2026-01-03") == [("01", 4.0, "a-3"), ("02", 9.0, "a-3")]
        assert on("2026-01-05") == on("2030-01-01") == [("01", 5.0, "a-5")]
        names = [row[0] for row in connection.execute("describe from marts.au('2026-01-05')").fetchall()]
    assert set(names) == set(history.columns())


def rewrite(path):
    duckdb.execute(
        f"copy (select * replace (8.0 as valeur) from '{path}') to '{path}.autre' (format parquet)"
    )
    path.with_name(f"{path.name}.autre").replace(path)


def forget_line(name):
    [path] = (get_settings().ledger / "publications").glob("*.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if json.loads(line)["version"] != name), encoding="utf-8")


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (lambda: rewrite(history.recorded_file("a-1")), "registre/valeurs/a-1.parquet"),
        (lambda: history.recorded_file("a-1").unlink(), "registre/valeurs/a-1.parquet"),
        (lambda: history.recorded_file("a-3").unlink(), "registre/valeurs/a-3.parquet"),
        (lambda: forget_line("a-2"), "registre/publications, version a-3"),
        (
            lambda: (get_settings().ledger / "valeurs" / "x.parquet").write_bytes(b""),
            "registre/valeurs/x.parquet",
        ),
    ],
    ids=[
        "a past row changed",
        "a past file removed",
        "the last file removed",
        "a line removed",
        "a file slipped in",
    ],
)
def test_a_past_row_that_was_touched_stops_the_publication(publish, tamper, named):
    for day in (1, 2, 3):
        publish(f"a-{day}", day, ("01", float(day), "observe"))
    [check] = check_register("n")
    assert check.passed
    tamper()
    [check] = check_register("n")
    assert check.severite == "critique" and not check.passed
    assert f"fichier = {named}, attendu = " in check.phrase
