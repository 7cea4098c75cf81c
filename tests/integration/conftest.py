"""Nights on the replica of the portals, through the functions that the DAG's tasks call."""

import shutil

import duckdb
import pytest
from pyrate_limiter import Duration, InMemoryBucket, Rate

from acces_soins import warehouse
from acces_soins.extraction import melodi
from acces_soins.settings import get_settings
from acces_soins.trial.replica import Portal, serve_replica
from nights import built_once, run_night

AS_OF = "2026-11-22"


@pytest.fixture(autouse=True)
def fresh_allowance(monkeypatch):
    """Each test may ask Melodi thirty times: tests of one process must not wait for one another."""
    monkeypatch.setattr(melodi, "_BUCKET", InMemoryBucket([Rate(30, Duration.MINUTE)]))


@pytest.fixture(autouse=True)
def light_builds(monkeypatch, request):
    """Leave dbt's data tests out of the nights that a test plays: they are half of a build.

    The first night of all, the real night and the nights of other processes run them.
    """
    if not request.node.get_closest_marker("data_tests"):
        monkeypatch.setattr(warehouse, "LEFT_OUT", ("unit_test", "test"))


@pytest.fixture
def portal(use_settings):
    """The replica as it stands on a day; its date and its faults change during a test."""
    settings = use_settings(date=AS_OF)
    state = Portal(settings.today)
    with serve_replica(portal=state) as url:
        use_settings(replique=url)
        yield state


@pytest.fixture
def ask():
    """Rows of a query on the served version."""

    def rows(query: str) -> list[tuple]:
        with duckdb.connect(str(get_settings().published_warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    return rows


@pytest.fixture(scope="session")
def first_night_directory(tmp_path_factory, worker_id):
    """A data directory after one good night on trial data, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "premiere-nuit"
    with built_once(folder) as to_make, pytest.MonkeyPatch.context() as patch:
        if to_make:
            patch.setenv("ACCES_SOINS_DONNEES", str(folder / "donnees"))
            patch.setenv("ACCES_SOINS_DATE", AS_OF)
            get_settings.cache_clear()
            with serve_replica(as_of=get_settings().today) as url:
                patch.setenv("ACCES_SOINS_REPLIQUE", url)
                get_settings.cache_clear()
                night = run_night()
            assert night.state == "publie", night
            (folder / "fait").touch()
    get_settings.cache_clear()
    return folder / "donnees"


@pytest.fixture
def after_first_night(first_night_directory, data_directory, portal):
    """A copy of it, and the replica still there."""
    shutil.copytree(first_night_directory, data_directory, symlinks=True)
    return portal


@pytest.fixture
def served():
    """The served version as bytes: name of the version and content of the warehouse."""

    def snapshot() -> tuple[str, bytes]:
        settings = get_settings()
        return settings.current.readlink().name, settings.published_warehouse.read_bytes()

    return snapshot
