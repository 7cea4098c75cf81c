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
print("ECRITE", first.statements[0].format() == first.statements[0].format() != second.format())
print("LIT", *(script.has_mutation() for script in (first, SQLScript("DROP TABLE t", engine="duckdb"))))
print("SCHEMA", DuckDBEngineSpec.get_default_schema(None))
"""


def test_a_text_is_parsed_once_and_each_reader_has_its_own_copy(superset):
    answer = superset_service.in_superset(superset, PARSED)
    lines = [
        line
        for line in answer.stdout.splitlines()
        if line.isupper() or line.startswith(("LIM", "SCH", "ECRITE", "LIT"))
    ]
    with duckdb.connect() as connection:
        (schema,) = connection.execute("select current_schema()").fetchone()
    told = [
        "ANALYSES 1",
        "LIMITES True False False",
        "REFUS",
        "REFUS",
        "ECRITE True",
        "LIT False True",
        f"SCHEMA {schema}",
    ]
    assert lines == told, answer.stdout + answer.stderr[-2000:]


KEYS = """
from types import SimpleNamespace
from superset import db
from superset.connectors.sqla.models import SqlaTable
built = []
def build(self, **asked):
    built.append(asked)
    return SimpleNamespace(extra_cache_keys=["decideur"])
SqlaTable.get_sqla_query = build
with db.session.no_autoflush:
    table = db.session.query(SqlaTable).filter_by(table_name="vedettes").one()
    print("SUE", *table.get_extra_cache_keys({}), len(built))
    table.sql += " -- {{ current_username() }}"
    print("CHERCHEE", *sorted(table.get_extra_cache_keys({})), len(built))
    db.session.rollback()
"""


def test_the_cache_s_key_holds_the_version_and_what_other_calls_add(superset):
    answer = superset_service.in_superset(superset, KEYS)
    version = superset_service.VERSION
    assert f"SUE {version} 0" in answer.stdout, answer.stdout + answer.stderr[-2000:]
    assert f"CHERCHEE {version} decideur 1" in answer.stdout, answer.stdout


TOLD = """
from superset import db
from superset.models.core import Log
from superset.utils.log import get_event_logger_from_cfg_value
journal = get_event_logger_from_cfg_value(app.config["EVENT_LOGGER"])
for action in ("execute_sql", "essai"):
    journal.log(None, action, None, 1, None, None, records=[{}])
print("JOURNAL", *(row.action for row in db.session.query(Log).order_by(Log.id.desc()).limit(1)))
print("LIGNES", db.session.query(Log).filter_by(action="execute_sql").count())
print("ECRITURE", *db.session.execute("PRAGMA journal_mode").scalars())
"""


def test_the_journal_tells_what_was_asked_and_not_each_step(superset):
    answer = superset_service.in_superset(superset, TOLD)
    for told in ("JOURNAL essai", "LIGNES 0", "ECRITURE wal"):
        assert told in answer.stdout, answer.stdout + answer.stderr[-2000:]


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


ENGINES = """
from superset import db
from superset.models.core import Database
database = db.session.query(Database).one()
def engine(**how):
    with database.get_sqla_engine(**how) as found:
        return found
one, other, pooled = engine(), engine(), engine(nullpool=False)
print("MOTEUR", one is other, one is pooled)
with one.connect() as first, one.connect() as second:
    print("CONNEXION", first.connection.dbapi_connection is second.connection.dbapi_connection)
"""


TEMPLATES = """
from superset import db
from superset import jinja_context
before = len(jinja_context.SandboxedEnvironment._compiled.cache)
from superset.jinja_context import get_template_processor
from superset.models.core import Database
database = db.session.query(Database).one()
def filled(text, **given):
    try:
        return get_template_processor(database).process_template(text, **given)
    except Exception as error:
        return type(error).__name__
print("REMPLI", *(filled("{{ n + 1 }}", n=n) for n in (1, 2)))
print("COMPILES", len(jinja_context.SandboxedEnvironment._compiled.cache) - before)
print("FILTRE", filled("{{ ['a', 'b'] | where_in }}"))
print("REFUSE", *(filled("{{ ''.__class__.__mro__[0]() }}") for _ in range(2)))
"""


WARM = """
import runpy
warm_up = runpy.run_path({hook!r})["warm_up"]
print("REPONSE", warm_up(app))
app.config["DB_CONNECTION_MUTATOR"] = lambda uri, params, *_: (uri.set(database="/nulle/part.duckdb"), params)
print("SANS PUBLICATION", warm_up(app))
"""


@pytest.fixture(scope="module")
def spared(superset):
    """What one process of Superset tells of its engines, its templates and its first question."""
    warm = WARM.format(hook=str(dashboards.SUPERSET / "gunicorn_conf.py"))
    answer = superset_service.in_superset(superset, ENGINES + TEMPLATES + warm)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return answer.stdout


def test_one_engine_makes_the_connection_of_each_query(spared):
    assert "MOTEUR True False\nCONNEXION False" in spared, spared


def test_a_template_compiled_once_is_filled_for_each_question_and_stays_in_its_sandbox(spared):
    told = ("REMPLI 2 3", "COMPILES 1", "FILTRE ('a', 'b')", "REFUSE SecurityError SecurityError")
    assert "\n".join(told) in spared, spared


def test_a_server_asks_itself_a_question_and_does_without_an_answer(spared):
    assert "REPONSE True\nSANS PUBLICATION False" in spared, spared


def test_the_web_server_is_warm_before_it_answers(superset, superset_address):
    argv, _ = dashboards.server_command(superset.settings)
    assert str(dashboards.SUPERSET / "gunicorn_conf.py") in argv
    log = superset.settings.services / "superset" / "serveur.log"
    assert "première question : répondue" in log.read_text(encoding="utf-8")
