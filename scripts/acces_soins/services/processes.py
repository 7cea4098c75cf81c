"""Child processes: ports, the replica of the portals, and stopping a child with all its descendants."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from acces_soins.errors import ConfigurationError
from acces_soins.settings import Settings

GRACE_SECONDS = 10
START_SECONDS = 120


def port_of(address: str) -> int:
    """Port of an ``http://host:port`` address (80 when it names none)."""
    return urlsplit(address).port or 80


def is_free(port: int) -> bool:
    """Whether a server could listen on that loopback port now."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def any_free_port() -> int:
    """A loopback port that nothing uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    """Whether something accepts connections on that loopback port."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until_it_answers(port: int, alive, name: str) -> None:
    """Return once the port accepts connections; raises ConfigurationError if ``alive()`` turns false."""
    deadline = time.monotonic() + START_SECONDS
    while not answers(port):
        if not alive() or time.monotonic() > deadline:
            raise ConfigurationError(f"{name} n'a pas démarré sur le port {port} : lire son journal.")
        time.sleep(0.1)


@contextlib.contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the right to run Airflow on this data directory; raises ConfigurationError if it is taken.

    A night run by hand beside a live scheduler would have its tasks run twice.
    """
    settings.services.mkdir(parents=True, exist_ok=True)
    with (settings.services / "verrou").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"une nuit ou les services tournent déjà sur {settings.root} : attendre leur fin, les "
                f"arrêter (Ctrl-C), ou lancer la nuit depuis Airflow, http://127.0.0.1:{settings.port_airflow}."
            ) from None
        yield


def replica_command() -> list[str]:
    """The local replica of the portals; it listens where its ``ACCES_SOINS_REPLIQUE`` says."""
    return [sys.executable, "-m", "acces_soins.trial.replica"]


def replica_is_given(settings: Settings) -> bool:
    """Whether the operator named a replica that answers already, so that none is to be started."""
    return "replique" in settings.model_fields_set and answers(port_of(settings.replique))


def with_free_replica_port(settings: Settings) -> Settings:
    """The same settings, the replica moved to a free port when something else holds its own."""
    if replica_is_given(settings) or is_free(port_of(settings.replique)):
        return settings
    return settings.model_copy(update={"replique": f"http://127.0.0.1:{any_free_port()}"})


@contextlib.contextmanager
def replica(settings: Settings, log: Path) -> Iterator[Settings]:
    """The settings of a night whose portals answer: on trial data the replica runs meanwhile."""
    if not settings.is_trial or replica_is_given(settings):
        yield settings
        return
    settings = with_free_replica_port(settings)
    env = {**os.environ, "ACCES_SOINS_REPLIQUE": settings.replique}
    with log.open("ab") as stream, child(replica_command(), env, stdout=stream) as process:
        port = port_of(settings.replique)
        wait_until_it_answers(port, lambda: process.poll() is None, "la réplique des portails")
        yield settings


@contextlib.contextmanager
def child(argv: list, env: dict[str, str] | None, stdout) -> Iterator[subprocess.Popen]:
    """Run a process in a session of its own, without a terminal; nothing of it is left on the way out."""
    process = subprocess.Popen(
        argv,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end_sessions([process.pid])
        process.wait()


def end_sessions(leaders: Iterable[int]) -> None:
    """End every process of these sessions: SIGTERM, then SIGKILL after a few seconds.

    Process groups would not do: Airflow gives each task a group of its own within the session.
    """
    leaders = set(leaders)
    members = _members(leaders)
    _signal(members, signal.SIGTERM)
    psutil.wait_procs(members, timeout=GRACE_SECONDS)
    while members := _members(leaders):
        _signal(members, signal.SIGKILL)
        psutil.wait_procs(members, timeout=GRACE_SECONDS)


def _members(leaders: set[int]) -> list[psutil.Process]:
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getsid(process.pid) in leaders and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def _signal(members: list[psutil.Process], number: int) -> None:
    for process in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
