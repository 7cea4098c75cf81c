"""No name, address or number of a person gets past the reader: only the file as received holds them."""

import stat

import duckdb
import pytest

from acces_soins.catalog import load_sources
from acces_soins.settings import get_settings

RPPS = "ans.ps_libre_acces_personne_activite"
WORDS = (
    "NOM-ESSAI", "PRENOM-ESSAI", "CIVILITE-ESSAI", "IDENTIFIANT-ESSAI", "PERSONNE-ESSAI", "SIRET-ESSAI",
    "CABINET-ESSAI", "VOIE-ESSAI", "TELEPHONE-ESSAI", "COURRIEL-ESSAI",
)  # fmt: skip


def relations(connection):
    """Every table and view of a database, as SQL names."""
    found = connection.execute(
        "select table_catalog, table_schema, table_name from information_schema.tables "
        "where table_catalog not in ('system', 'temp')"
    ).fetchall()
    return [".".join(f'"{part}"' for part in name) for name in found]


def holds_a_word(connection, relation):
    columns = [name for name, *_ in connection.execute(f"describe from {relation}").fetchall()]
    text = " || ' ' || ".join(f"""coalesce("{name}"::varchar, '')""" for name in columns)
    query = f"select count(*) from {relation} where regexp_matches({text}, $1)"
    return connection.execute(query, ["|".join(WORDS)]).fetchone()[0] > 0


def leaks(root):
    """Files under a folder in which a word is found: tables by their rows, other files by their bytes."""
    found = []
    for path in (p for p in root.rglob("*") if p.is_file() and not p.is_symlink()):
        with duckdb.connect() as connection:
            if path.suffix == ".parquet":
                told = [f"read_parquet('{path}')"]
            elif path.suffix == ".duckdb":
                connection.execute(f"attach '{path}' as base (read_only)")
                told = relations(connection)
            else:
                told = []
                content = path.read_bytes()
                found += [path] if any(word.encode() in content for word in WORDS) else []
            found += [path for relation in told if holds_a_word(connection, relation)]
    return found


def test_no_table_report_or_database_holds_a_person(after_first_night):
    root = get_settings().root
    tables = list((get_settings().landing / RPPS.replace(".", "/")).rglob("table.parquet"))
    assert len(tables) == 1
    columns = {name for name, *_ in duckdb.execute(f"describe from '{tables[0]}'").fetchall()}
    personal = {column.name for column in load_sources()[RPPS].columns if column.personal}
    assert personal and not columns & personal
    assert leaks(root) == []


def test_persons_are_still_counted_and_followed(after_first_night):
    (table,) = (get_settings().landing / RPPS.replace(".", "/")).rglob("table.parquet")
    counted = duckdb.execute(
        "select count(*), count(distinct identification_nationale_pp), "
        f"min(length(identification_nationale_pp)) from '{table}'"
    ).fetchone()
    assert counted == (2426, 1214, 16)


def test_the_file_as_received_is_its_owners_only(after_first_night):
    (archive,) = (get_settings().landing / RPPS.replace(".", "/")).rglob("*.zip")
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


@pytest.mark.parametrize("suffix", ["parquet", "duckdb", "txt"])
def test_the_search_itself_finds_a_word(tmp_path, suffix):
    path = tmp_path / f"essai.{suffix}"
    if suffix == "txt":
        path.write_text("NOM-ESSAI-1")
    elif suffix == "parquet":
        duckdb.execute(f"copy (select 1 as a, 'NOM-ESSAI-1' as b) to '{path}'")
    else:
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table t as select 1 as a, 'NOM-ESSAI-1' as b")
    assert leaks(tmp_path) == [path]
