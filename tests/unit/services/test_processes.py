"""Ports, the replica, and children that leave nothing behind."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from acces_soins.errors import ConfigurationError
from acces_soins.services import night, processes, serve
from acces_soins.settings import Settings

# A child that leaves its process group and ignores SIGTERM, as a busy task of Airflow may.
STUBBORN = (
    "import os, signal, time\n"
    "if os.fork() == 0:\n"
    "    os.setpgid(0, 0)\n"
    "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "os.write(1, b'%d\\n' % os.getpid())\n"
    "while True: time.sleep(1)\n"
)


@pytest.fixture
def listener():
    """A port of loopback that something else holds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def server_as_replica(monkeypatch):
    """Any small HTTP server in place of the replica."""

    code = (
        "import http.server, os\n"
        "port = int(os.environ['ACCES_SOINS_REPLIQUE'].rsplit(':')[-1])\n"
        "http.server.test(http.server.SimpleHTTPRequestHandler, port=port, bind='127.0.0.1')"
    )
    monkeypatch.setattr(processes, "replica_command", lambda: [sys.executable, "-c", code])


def test_a_held_port_is_not_free(listener):
    assert not processes.is_free(listener)
    assert processes.is_free(processes.any_free_port())


def test_the_replica_runs_during_the_night_only(server_as_replica, tmp_path):
    settings = Settings(donnees=tmp_path).model_copy(
        update={"replique": f"http://127.0.0.1:{processes.any_free_port()}"}
    )
    with processes.replica(settings, tmp_path / "r.log") as reachable:
        assert urllib.request.urlopen(reachable.replique, timeout=5).status == 200
    assert not processes.answers(processes.port_of(reachable.replique))


def test_the_replica_moves_when_its_port_is_taken(server_as_replica, listener, tmp_path):
    settings = Settings(donnees=tmp_path).model_copy(update={"replique": f"http://127.0.0.1:{listener}"})
    settings.model_fields_set.discard("replique")
    with processes.replica(settings, tmp_path / "r.log") as reachable:
        assert processes.port_of(reachable.replique) != listener
        assert processes.answers(processes.port_of(reachable.replique))


def test_a_replica_that_was_named_and_answers_is_used_as_it_is(listener, tmp_path):
    settings = Settings(donnees=tmp_path, replique=f"http://127.0.0.1:{listener}")
    with processes.replica(settings, tmp_path / "r.log") as reachable:
        assert reachable.replique == settings.replique
    assert processes.answers(listener)


def test_no_replica_on_real_data(tmp_path):
    settings = Settings(donnees=tmp_path, sources="direct")
    with processes.replica(settings, tmp_path / "r.log") as reachable:
        assert reachable is settings


def test_a_replica_that_dies_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "replica_command", lambda: [sys.executable, "-c", "exit(3)"])
    settings = Settings(donnees=tmp_path)
    with pytest.raises(ConfigurationError, match="réplique"), processes.replica(settings, tmp_path / "r.log"):
        pass


def test_ending_a_child_ends_what_left_its_group(monkeypatch):
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.2)
    with processes.child([sys.executable, "-c", STUBBORN], None, stdout=subprocess.PIPE) as process:
        family = {int(process.stdout.readline()), int(process.stdout.readline())}
        assert process.pid in family
    assert not [pid for pid in family if alive(pid)]


def test_only_one_run_at_a_time_on_the_same_data(tmp_path):
    settings = Settings(donnees=tmp_path)
    with (
        processes.only_one(settings),
        pytest.raises(ConfigurationError, match="tournent déjà"),
        processes.only_one(settings),
    ):
        pass
    with processes.only_one(settings):
        pass


def test_a_taken_port_is_one_sentence_with_the_setting_to_change(listener, tmp_path):
    settings = Settings(donnees=tmp_path, sources="direct", port_airflow=listener)
    with pytest.raises(ConfigurationError, match=rf"port {listener}.*ACCES_SOINS_PORT_AIRFLOW"):
        serve.serve(settings)


def test_the_screen_shows_progress_and_the_log_everything(capsys):
    log = io.BytesIO()
    night._relay(io.BytesIO("bruit\n▸ ameli : inchangée\n".encode()), log)
    assert capsys.readouterr().out == "▸ ameli : inchangée\n"
    assert log.getvalue().decode() == "bruit\n▸ ameli : inchangée\n"


def test_an_older_report_is_never_shown_as_this_nights(tmp_path, capsys):
    settings = Settings(donnees=tmp_path)
    settings.reports.mkdir(parents=True)
    report = settings.reports / night.LAST_NIGHT
    report.write_text("hier", encoding="utf-8")
    night._print_report(settings, night._stamp(settings), Path("nuit.log"))
    out = capsys.readouterr().out
    assert "hier" not in out
    assert "nuit.log" in out


SUPERVISE = """
import json, os, sys
from acces_soins.services import processes, serve
processes.GRACE_SECONDS = 0.2
programs = json.loads(sys.argv[1]).items()
commands = {name: ([sys.executable, "-c", code], dict(os.environ)) for name, code in programs}
with open(sys.argv[2], "w") as log:
    sys.exit(serve.supervise(commands, log, on_started=lambda: print("started", flush=True)))
"""


@pytest.fixture
def supervised(tmp_path):
    """Start a supervisor over small programs; its journal is in ``journal.log``."""
    started = []

    def start(**programs: str) -> subprocess.Popen:
        with (tmp_path / "ecran.txt").open("w") as screen:
            process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISE, json.dumps(programs), str(tmp_path / "journal.log")],
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=screen,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            for member in psutil.Process(process.pid).children(recursive=True):
                member.kill()
            process.kill()
            process.wait()


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pids_in(journal: Path, count: int) -> list[int]:
    """Pids that the programs printed, once there are as many as expected."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = journal.read_text().splitlines() if journal.exists() else []
        pids = [int(line.split("| ")[1]) for line in lines if line.split("| ")[-1].isdigit()]
        if len(pids) == count:
            return pids
        time.sleep(0.05)
    raise AssertionError("programs did not start")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_service_and_their_descendants(supervised, tmp_path, number):
    supervisor = supervised(a=STUBBORN, b=STUBBORN)
    pids = pids_in(tmp_path / "journal.log", 4)
    os.kill(supervisor.pid, number)
    supervisor.wait(60)
    assert supervisor.returncode == 0
    assert not [pid for pid in pids if alive(pid)]


def test_a_service_that_ends_stops_the_others_and_is_named(supervised, tmp_path):
    # The fragile one ends when the solid one has both its processes up.
    journal = str(tmp_path / "journal.log")
    fragile = (
        f"import time, pathlib\njournal = pathlib.Path({journal!r})\n"
        "while journal.read_text().count('solide') < 3: time.sleep(0.05)"
    )
    supervisor = supervised(solide=STUBBORN, fragile=fragile)
    pids = pids_in(tmp_path / "journal.log", 2)
    assert supervisor.wait(60) == 1
    assert "fragile stopped" in (tmp_path / "ecran.txt").read_text()
    assert not [pid for pid in pids if alive(pid)]


GUARDED = """
import psutil, subprocess, sys, time
from acces_soins.services.guardian import guarded
from acces_soins.services.processes import child
program = [sys.executable, "-c", sys.argv[1]]
with guarded() as guardian, child(program, None, stdout=subprocess.PIPE) as process:
    beside = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    lines = [process.stdout.readline() for _ in range(2)]
    assert guardian.stdout.readline() == b"on watch\\n"
    looks = psutil.Process(guardian.pid).num_ctx_switches
    before = looks().voluntary
    while looks().voluntary < before + 3:  # it sleeps after each look
        time.sleep(0.05)
    print(*(int(line) for line in lines), beside.pid, flush=True)
    time.sleep(600)
"""


def test_a_killed_supervisor_leaves_no_process_behind(monkeypatch):
    started = subprocess.Popen(
        [sys.executable, "-c", GUARDED, STUBBORN.replace("signal.SIG_IGN", "signal.SIG_DFL")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    family = [int(pid) for pid in started.stdout.readline().split()]
    assert len(family) == 3 and all(alive(pid) for pid in family)
    started.kill()
    started.wait()
    deadline = time.monotonic() + 60
    while [pid for pid in family if alive(pid)] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in family if alive(pid)]
