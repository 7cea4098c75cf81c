"""What every test shares: a data directory of its own, and the real extracts where a setting names them."""

import os
from pathlib import Path

import pytest

from acces_soins.catalog import load_sources
from acces_soins.settings import get_settings

# The folder of real extracts is the runner's business: it is read before tests change the settings.
EXTRAITS = os.environ.get("ACCES_SOINS_EXTRAITS")


@pytest.fixture(autouse=True)
def data_directory(tmp_path, monkeypatch):
    """Trial settings in a fresh directory; nothing of the machine's own settings leaks in."""
    for name in list(os.environ):
        if name.startswith("ACCES_SOINS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ACCES_SOINS_DONNEES", str(tmp_path / "donnees"))
    get_settings.cache_clear()
    yield tmp_path / "donnees"
    get_settings.cache_clear()


@pytest.fixture
def use_settings(monkeypatch):
    """Change settings in a test: ``use_settings(date="2026-07-01")``."""

    def change(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"ACCES_SOINS_{name.upper()}", str(value))
        get_settings.cache_clear()
        return get_settings()

    return change


@pytest.fixture
def source():
    """A source of the catalogue by its id."""
    return lambda source_id: load_sources()[source_id]


@pytest.fixture(scope="session")
def extraits():
    """The folder of real extracts; the test is skipped where no setting names it."""
    if not EXTRAITS:
        pytest.skip("ACCES_SOINS_EXTRAITS ne nomme aucun dossier d'extraits réels")
    return Path(EXTRAITS).resolve()


@pytest.fixture(scope="session")
def superset(tmp_path_factory):
    """One Superset for all the tests that need one: prepared, with the dashboards, on a trial publication."""
    import superset_service

    superset_service.skip_without_superset()
    with superset_service.prepared(tmp_path_factory.mktemp("superset")) as service:
        yield service


@pytest.fixture(scope="session")
def superset_address(superset):
    """The address at which it is served."""
    import superset_service

    with superset_service.serving(superset) as address:
        yield address
