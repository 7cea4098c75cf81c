"""What Superset does again and again for one question, more than half of its time, is done once.

Loaded by ``superset_config.py``. Nothing that Superset answers changes: ``tests/superset/test_economy.py``.
"""

import re
from collections.abc import Callable
from copy import copy
from functools import lru_cache, partial
from threading import Lock
from types import CodeType

from cachetools import LRUCache, cached
from jinja2.sandbox import SandboxedEnvironment
from sqlalchemy import create_engine
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import NullPool
from superset.exceptions import SupersetParseError
from superset.sql.parse import SQLScript, SQLStatement
from superset.utils.log import DBEventLogger

# The texts of all charts with their filters, many times over.
TEXTS = 512


def spare(version: Callable[[], str]) -> None:
    """Install all of it.

    Args:
        version: gives the name of the served version.
    """
    from superset.db_engine_specs.duckdb import DuckDBEngineSpec
    from superset.models import core

    from superset import jinja_context

    SQLScript.special_engines["duckdb"] = SharedStatement
    core.create_engine = shared_engine
    jinja_context.SandboxedEnvironment = SharedEnvironment
    # Superset connects three times to learn it.
    DuckDBEngineSpec.get_default_schema = classmethod(lambda _class, _database, _catalog=None: "main")
    _know_the_cache_s_key(version)


# --- Superset parses one text ten times, and writes it out again ---


class SharedStatement(SQLStatement):
    """A parsed statement that others read too: its tree is copied before it is changed."""

    @classmethod
    def split_script(cls, script: str, engine: str) -> list["SharedStatement"]:
        """The statements of a script. Raises SupersetParseError, as the first time."""
        found = _parsed(script, engine)
        if isinstance(found, SupersetParseError):
            raise found.with_traceback(None)
        return [copy(statement) for statement in found]

    def __init__(self, *given, **named) -> None:
        super().__init__(*given, **named)
        self._known: dict = {}

    def _once(self, question: str, answer: Callable):
        if question not in self._known:
            self._known[question] = answer()
        return self._known[question]

    def _leave_the_others(self) -> None:
        self._parsed, self._known = self._parsed.copy(), {}

    def is_mutating(self) -> bool:
        return self._once("is_mutating", super().is_mutating)

    def format(self, comments: bool = True) -> str:
        return self._once(f"format {comments}", partial(super().format, comments))

    def optimize(self) -> SQLStatement:
        self._leave_the_others()
        return super().optimize()

    def set_limit_value(self, *given, **named) -> None:
        self._leave_the_others()
        super().set_limit_value(*given, **named)

    def as_cte(self, *given, **named) -> SQLStatement:
        self._leave_the_others()
        return super().as_cte(*given, **named)

    def apply_rls(self, catalog, schema, predicates: dict, method) -> None:
        """Without any rule, which is ours, Superset would copy the whole tree."""
        if any(predicates.values()):
            self._leave_the_others()
            super().apply_rls(catalog, schema, predicates, method)


@lru_cache(maxsize=TEXTS)
def _parsed(script: str, engine: str) -> list[SharedStatement] | SupersetParseError:
    """A refusal is kept as well: Superset tries to parse each template too, before it is filled in."""
    try:
        return super(SharedStatement, SharedStatement).split_script(script, engine)
    except SupersetParseError as error:
        return error


# --- Superset makes eight engines for one chart, each of which asks DuckDB what it is ---


def shared_engine(url: URL, **parameters) -> Engine:
    """The engine of an address and its parameters, made once; it opens a connection per query all the same.

    Another database than DuckDB, or an engine that keeps connections, is made as Superset would.
    """
    if url.get_backend_name() != "duckdb" or parameters.get("poolclass") is not NullPool:
        return create_engine(url, **parameters)
    return _engine(url, **parameters)


def _asked_for(url: URL, **parameters) -> tuple[URL, str]:
    return url, repr(sorted(parameters.items()))


@cached(LRUCache(maxsize=16), key=_asked_for, lock=Lock())
def _engine(url: URL, **parameters) -> Engine:
    return create_engine(url, **parameters)


# --- Superset compiles a data set's template at each question ---


class SharedEnvironment(SandboxedEnvironment):
    """Templates compiled once; what fills them in is each question's own."""

    def __init__(self, *given, **named) -> None:
        # Nothing is worked out while compiling: what a filter gives may be the asker's own.
        super().__init__(*given, **named, optimized=False)

    def compile(self, source, *given, **named) -> CodeType:
        return super().compile(source, *given, **named) if given or named else self._compiled(source)

    @cached(LRUCache(maxsize=TEXTS), key=lambda _self, source: source, lock=Lock())
    def _compiled(self, source: str) -> CodeType:
        return super().compile(source)


# --- Superset builds the whole query a first time, to learn what its template adds to the cache's key ---

VERSION_CALL = "cache_key_wrapper(version_publiee())"


def _know_the_cache_s_key(version: Callable[[], str]) -> None:
    """Our templates add the served version, and that is known; for any other call Superset still looks."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.jinja_context import ExtraCache

    other_calls = ExtraCache.regex.pattern.replace(
        r"cache_key_wrapper\(", r"cache_key_wrapper\((?!version_publiee\(\)\))"
    )
    ExtraCache.regex = re.compile(other_calls)
    written = SqlaTable.get_extra_cache_keys

    def get_extra_cache_keys(self, query_obj: dict) -> list:
        ours = [version()] if VERSION_CALL in (self.sql or "") else []
        return [*written(self, query_obj), *ours]

    SqlaTable.get_extra_cache_keys = get_extra_cache_keys


# --- Superset writes six lines in its journal for the data of one chart, and waits for the disk at each ---


class Journal(DBEventLogger):
    """Who asked for what; the inner steps of an answer are left out."""

    STEPS = frozenset(
        {
            "_get_data_response",
            "ChartDataRestApi.json_dumps",
            "QueryObject.post_processing",
            "execute_sql",
            "load_into_dataframe",
        }
    )

    def log(self, user_id: int | None, action: str, *given, **named) -> None:
        if action not in self.STEPS:
            super().log(user_id, action, *given, **named)


def hurry_sqlite(connection) -> None:
    """A commit that is not forced onto the disk: a power cut may lose the last one, never the file."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
