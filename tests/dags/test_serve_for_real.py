"""``serve`` with its real parts: scheduler, Superset, replica; real nights, and every way to stop."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request

import psutil
import pytest

from acces_soins.services import airflow
from acces_soins.services.processes import answers, any_free_port
from acces_soins.settings import PROJECT, Settings
from waiting import wait_for

pytestmark = [pytest.mark.night, pytest.mark.superset, pytest.mark.long]
PATIENCE = 1800
SERVE = [sys.executable, "-m", "acces_soins.services", "serve"]


class Served:
    """One ``serve`` on a data directory; what it started is noted while it runs."""

    def __init__(self, settings: Settings, env: dict[str, str]):
        self.settings, self.env = settings, env
        self.screen = settings.donnees / "ecran.txt"
        with self.screen.open("w") as stream:
            self.process = subprocess.Popen(
                SERVE, env=env, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
                start_new_session=True,
            )  # fmt: skip

    @property
    def ports(self) -> list[int]:
        return [self.settings.port_airflow, self.settings.port_superset]

    def wait_until_ready(self) -> None:
        wait_for(
            lambda: self.process.poll() is not None or "Superset répond" in self.screen.read_text(),
            "les deux services",
            PATIENCE,
        )
        assert self.process.poll() is None, self.screen.read_text()

    def stop(self, number: int) -> None:
        """Send the signal; nothing that ran survives, and the ports are free again."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        assert len(family) > 8
        os.kill(self.process.pid, number)
        self.process.wait(120)
        _, alive = psutil.wait_procs(family, timeout=60)
        assert [(p.pid, p.name()) for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []
        assert not [port for port in self.ports if answers(port)]


@pytest.fixture
def serve(tmp_path):
    """Start ``serve`` again and again on the same data; whatever happens, nothing is left of it."""
    settings = Settings(
        donnees=tmp_path / "donnees",
        port_airflow=any_free_port(),
        port_superset=any_free_port(),
        replique=f"http://127.0.0.1:{any_free_port()}",
    )
    settings.donnees.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ACCES_SOINS_", "AIRFLOW"))} | {
        "ACCES_SOINS_DONNEES": str(settings.donnees),
        "ACCES_SOINS_PORT_AIRFLOW": str(settings.port_airflow),
        "ACCES_SOINS_PORT_SUPERSET": str(settings.port_superset),
        "ACCES_SOINS_REPLIQUE": settings.replique,
    }
    started: list[Served] = []

    def start() -> Served:
        started.append(Served(settings, env))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(120)


def last_run(settings: Settings) -> dict[str, str]:
    """State of the newest run, and of its tasks."""
    with contextlib.closing(sqlite3.connect(airflow.home(settings) / "airflow.db")) as base:
        run = base.execute(
            "SELECT run_id, state FROM dag_run WHERE dag_id = 'nightly' AND triggered_by <> 'TIMETABLE' "
            "ORDER BY id DESC"
        ).fetchone()
        if run is None:
            return {}
        tasks = base.execute("SELECT task_id, state FROM task_instance WHERE run_id = ?", run[:1]).fetchall()
    return {"": run[1], **dict(tasks)}


def complete_runs(settings: Settings) -> int:
    """Number of runs whose every task succeeded: with nothing new, a night skips what follows the build.

    The scheduler may have caught up the last scheduled night before the one that was triggered.
    """
    with contextlib.closing(sqlite3.connect(airflow.home(settings) / "airflow.db")) as base:
        return len(
            base.execute(
                "SELECT run_id FROM task_instance WHERE dag_id = 'nightly' "
                "GROUP BY run_id HAVING min(state) = 'success' AND max(state) = 'success'"
            ).fetchall()
        )


def trigger(served: Served) -> None:
    subprocess.run(
        [airflow.EXECUTABLE, "dags", "trigger", "nightly"],
        env=airflow.environment(served.settings) | served.env,
        check=True,
        capture_output=True,
    )
    wait_for(
        lambda: last_run(served.settings).get("") in ("success", "failed"), "la fin de la nuit", PATIENCE
    )


def test_nights_run_under_the_scheduler_and_nothing_survives_any_stop(serve):
    served = serve()
    served.wait_until_ready()
    trigger(served)
    states = last_run(served.settings)
    assert set(states.values()) <= {"success", "skipped"}, states
    assert complete_runs(served.settings) == 1
    version = json.loads((served.settings.current / "version.json").read_text(encoding="utf-8"))
    served.stop(signal.SIGINT)
    assert "Services arrêtés." in served.screen.read_text()

    # Killed, it cleans up nothing by itself; the next one starts as if nothing had happened.
    served = serve()
    served.wait_until_ready()
    served.stop(signal.SIGKILL)

    served = serve()
    served.wait_until_ready()
    trigger(served)
    assert last_run(served.settings)[""] == "success"
    assert json.loads((served.settings.current / "version.json").read_text()) == version
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{served.settings.port_superset}/api/v1/dashboard/")
    assert refused.value.code in (401, 403)
    served.stop(signal.SIGTERM)
    assert served.process.returncode == 0
