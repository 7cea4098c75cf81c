"""What Superset is spared, and what the browser is: it must change nothing but the time they take."""

import duckdb
import httpx
import pytest

import superset_service
from acces_soins import dashboards

pytestmark = [pytest.mark.superset, pytest.mark.xdist_group("superset")]
PARSED = """
import sqlglot
from superset.db_engine_specs.duckdb import DuckDBEngineSpec
from superset.exceptions import SupersetParseError
from superset.sql.parse import SQLScript
parse, calls = sqlglot.parse, []
sqlglot.parse = lambda *given, **named: calls.append(given) or parse(*given, **named)
first, second = (SQLScript("SELECT a FROM t -- texte", engine="duckdb") for _ in range(2))
first.statements[0].set_limit_value(3)
print("ANALYSES", len(calls))
again = SQLScript("SELECT a FROM t -- texte", engine="duckdb")
print("LIMITES", *("LIMIT" in script.format() for script in (first, second, again)))
for _ in range(2):
    try:
        SQLScript("SELECT FROM WHERE", engine="duckdb")
    except SupersetParseError:
        print("REFUS")
print("SCHEMA", DuckDBEngineSpec.get_default_schema(None))
"""


def test_a_text_is_parsed_once_and_each_reader_has_its_own_copy(superset):
    answer = superset_service.in_superset(superset, PARSED)
    lines = [line for line in answer.stdout.splitlines() if line.isupper() or line.startswith(("LIM", "SCH"))]
    with duckdb.connect() as connection:
        (schema,) = connection.execute("select current_schema()").fetchone()
    told = ["ANALYSES 1", "LIMITES True False False", "REFUS", "REFUS", f"SCHEMA {schema}"]
    assert lines == told, answer.stdout + answer.stderr[-2000:]


def test_code_is_compressed_and_pages_are_not(superset_address):
    (folder,) = dashboards.ENVIRONMENT.glob("lib/python3*/site-packages/superset/static/assets")
    code = max(folder.glob("*.entry.js"), key=lambda path: path.stat().st_size)
    asked = {"Accept-Encoding": "zstd, br, deflate"}
    with httpx.stream("GET", f"{superset_address}/static/assets/{code.name}", headers=asked) as answer:
        sent = sum(map(len, answer.iter_raw()))
        assert answer.headers["content-encoding"] in asked["Accept-Encoding"]
        assert "max-age=31536000" in answer.headers["cache-control"]
    assert sent < code.stat().st_size / 2
    assert "content-encoding" not in httpx.get(f"{superset_address}/login/", headers=asked).headers
