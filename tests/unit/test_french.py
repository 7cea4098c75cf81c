"""One way of writing figures, days and sizes in French."""

import datetime as dt

import duckdb
import pytest

from acces_soins import french
from acces_soins.settings import PROJECT


@pytest.mark.parametrize(
    ("value", "decimals", "signed", "written"),
    [
        (1234567.5, 1, False, "1\u202f234\u202f567,5"),
        (-1234.56, 1, False, "\u22121\u202f234,6"),
        (0.3, 1, True, "+0,3"),
        (-0.3, 1, True, "\u22120,3"),
        (-0.04, 1, False, "0,0"),
        (0.04, 1, True, "0,0"),
        (7, 0, False, "7"),
    ],
)
def test_a_number(value, decimals, signed, written):
    assert french.number(value, decimals, signed) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(16.0, "16"), (100.0, "100"), (3.033611937, "3,033611937"), (-0.5, "\u22120,5"), (1e-7, "0,0000001")],
)
def test_a_number_with_every_decimal_that_it_has(value, written):
    assert french.unrounded(value) == written


def test_a_day_a_quarter_a_size():
    assert french.date(dt.date(2026, 10, 1)) == "1er octobre 2026"
    assert (
        french.quarter("2025T1") == "1er trimestre 2025" and french.quarter("2025T2") == "2e trimestre 2025"
    )
    assert [french.size(count) for count in (12, 1200, 1_234_000)] == ["12 octets", "1,2 ko", "1,2 Mo"]


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 ligne absente"), (1, "1 ligne absente"), (1234, "1\u202f234 lignes absentes")]
)
def test_plurals_begin_at_two(count, told):
    assert french.counted(count, "ligne(s) absente(s)") == told
    assert french.agreed("point(s)", -1.5) == "point"


def test_sql_writes_the_same_signs():
    text = (PROJECT / "dbt_project" / "macros" / "textes.sql").read_text(encoding="utf-8")
    thousands, minus = duckdb.execute("select chr(8239), chr(8722)").fetchone()
    assert (thousands, minus) == (french.THOUSANDS, french.MINUS)
    assert "chr(8239)" in text and "chr(8722)" in text


def test_nothing_else_writes_numbers():
    """A second formatter would bring its own spaces."""
    found = [
        path.name
        for path in (PROJECT / "scripts" / "acces_soins").rglob("*.py")
        if ",.{" in path.read_text(encoding="utf-8") and path.name != "french.py"
    ]
    assert found == []


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"), (99.0, "99"), (1234.5678, "1\u202f234,57"), (-0.000123456789, "\u22120,000123457"),
        (100.0, "100"), (1e7, "10\u202f000\u202f000"), (0.1 + 0.2, "0,3"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_six_significant_figures(value, written):
    assert french.significant(value) == written
