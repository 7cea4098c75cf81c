"""Airflow for the tests: a home of its own, set before Airflow is imported anywhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from acces_soins.services.processes import any_free_port
from acces_soins.settings import PROJECT

FAKES = Path(__file__).parent / "fake_night"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A data directory whose Airflow database is migrated at the first night and kept for the module."""
    return tmp_path_factory.mktemp("donnees")


@pytest.fixture
def night_env(data, monkeypatch) -> dict[str, str]:
    """Environment of a night on fake steps; its portals are not asked, hence no replica."""
    (data / "appels.jsonl").unlink(missing_ok=True)
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith(("ACCES_SOINS_", "AIRFLOW"))},
        "ACCES_SOINS_DONNEES": str(data),
        "ACCES_SOINS_SOURCES": "direct",
        "ACCES_SOINS_EXTRAITS": str(data),
        "ACCES_SOINS_PORT_AIRFLOW": str(any_free_port()),
        "ACCES_SOINS_PORT_SUPERSET": str(any_free_port()),
        "PYTHONPATH": str(FAKES),
    }


@pytest.fixture
def services():
    """Command line that starts ``python -m acces_soins.services <verb>``."""
    return lambda verb: [sys.executable, "-m", "acces_soins.services", verb]


@pytest.fixture
def night(data, night_env, services):
    """Run one night on fake steps: ``night(scenario, **env)`` → completed process."""

    def run(scenario: str, **env: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            services("night"),
            env={**night_env, "FAUSSE_NUIT": scenario, **env},
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def calls(data):
    """The steps that were called so far, in order."""

    def read() -> list[str]:
        file = data / "appels.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line)["etape"] for line in lines]

    return read


@pytest.fixture
def last_log(data):
    """Text of the newest night's log."""
    return lambda: max((data / "reel" / "rapports" / "nuits").glob("*.log")).read_text(encoding="utf-8")
