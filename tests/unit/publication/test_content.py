"""One hash for each table: the same rows agree whatever their order, another figure does not."""

import duckdb
import pytest

from acces_soins import content

FIRST = "select * from (values (1.5::double, 'a'), (null, ''), (0.1 + 0.2::double, null)) as lignes (v, t)"


@pytest.fixture
def hash_of(tmp_path):
    """The hash of a table made of a query."""

    def run(query, name="f"):
        path = tmp_path / f"{name}.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"create schema marts; create table marts.chiffres as {query}")
        return content.hashes(path)["chiffres"]

    return run


def test_the_same_rows_in_another_order_agree(hash_of):
    assert hash_of(FIRST) == hash_of(f"{FIRST} order by t desc", "autre")
    assert hash_of(FIRST, "encore")["lignes"] == 3


@pytest.mark.parametrize(
    "query",
    [
        FIRST.replace("1.5", "1.500000001"),
        FIRST.replace("''", "null"),
        FIRST.replace("'a'", "'b'"),
        f"{FIRST} limit 2",
        f"{FIRST} union all select 1.5, 'a'",
        f"select t, v from ({FIRST})",
    ],
    ids=["a figure", "nothing for an empty text", "a text", "a row less", "a row twice", "columns swapped"],
)
def test_any_difference_is_seen(hash_of, query):
    assert hash_of(FIRST) != hash_of(query, "autre")


def test_an_empty_table_has_a_hash(hash_of):
    assert hash_of(f"{FIRST} limit 0")["lignes"] == 0
