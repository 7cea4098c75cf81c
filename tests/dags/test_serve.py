"""The services for real: the scheduler runs the night, and nothing outlives the supervisor."""

import os
import signal
import subprocess
from contextlib import contextmanager

import psutil
import pytest

from acces_soins.services import airflow
from acces_soins.settings import PROJECT, Settings
from waiting import wait_for

pytestmark = [pytest.mark.night, pytest.mark.long]
PATIENCE = 300


@contextmanager
def served(command, env, log):
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, env=env, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def survivors(data) -> list[str]:
    """Processes whose environment names this test's data directory."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and str(data) in process.environ().values():
                found.append(f"{process.pid} {process.name()} {process.status()}")
        except psutil.Error:
            continue
    return [line for line in found if "zombie" not in line]


def test_a_triggered_night_runs_and_nothing_survives_the_stop(services, night_env, data, calls, tmp_path):
    screen = tmp_path / "ecran.txt"
    env = {**night_env, "FAUSSE_NUIT": ""}
    with served(services("serve"), env, screen) as process:
        wait_for(lambda: "Superset répond" in screen.read_text(), "les deux services", PATIENCE)
        settings = Settings(donnees=data, sources="direct", port_airflow=int(env["ACCES_SOINS_PORT_AIRFLOW"]))
        subprocess.run(
            [airflow.EXECUTABLE, "dags", "trigger", "nightly"],
            env={**airflow.environment(settings), "PYTHONPATH": env["PYTHONPATH"]},
            check=True,
            capture_output=True,
        )
        wait_for(lambda: "close_night" in calls(), "la fin de la nuit", PATIENCE)
        assert [step for step in calls() if step not in ("extract", "take_deposits")][:3] == [
            "open_night",
            "build",
            "check",
        ]
        again = subprocess.run(services("night"), env=env, capture_output=True, text=True, cwd=PROJECT)
        assert again.returncode == 2
        assert "tournent déjà" in again.stderr
        assert len(survivors(data)) > 5
    assert process.returncode == 0
    assert survivors(data) == []
    text = screen.read_text()
    assert f"cat {airflow.passwords_file(settings)}" in text
    assert "Services arrêtés." in text
