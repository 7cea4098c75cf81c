"""Everything served on loopback under one supervisor: Airflow, Superset and, on trial data, the replica."""

import datetime as dt
import shlex
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from honcho.manager import Manager

from acces_soins.errors import ConfigurationError
from acces_soins.progress import announce
from acces_soins.services import airflow
from acces_soins.services.guardian import guarded
from acces_soins.services.processes import (
    end_sessions,
    is_free,
    only_one,
    port_of,
    replica_command,
    replica_is_given,
    wait_until_it_answers,
)
from acces_soins.settings import PROJECT, Settings, get_settings

Command = tuple[list[str], dict[str, str]]


def serve(settings: Settings | None = None) -> int:
    """Run all services until Ctrl-C, SIGTERM or the end of one of them; no process is left behind.

    Returns 0 when a person stopped them, 1 when a service ended by itself. Raises ConfigurationError
    when a port is taken or when the services already run on these data.
    """
    settings = settings or get_settings()
    logs = settings.services / "journaux"
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}.log"
    with only_one(settings), guarded():
        _refuse_taken_ports(settings)
        airflow.migrate(settings)
        airflow.close_interrupted_nights(settings)
        commands = {**airflow_commands(settings), "superset-web": _superset_command(settings)}
        if settings.is_trial and not replica_is_given(settings):
            commands["replique"] = (replica_command(), airflow.environment(settings))
        _print_welcome(settings, log)
        with log.open("w", encoding="utf-8") as stream:
            return supervise(commands, stream, on_started=lambda: _announce_when_ready(settings))


def airflow_commands(settings: Settings) -> dict[str, Command]:
    """The four Airflow processes, started together.

    The scheduler waits for the API server: a task started before it could not report, and would fail.
    """
    wait = [sys.executable, "-m", "acces_soins.services", "after", str(settings.port_airflow)]
    commands = airflow.commands(settings)
    argv, env = commands["airflow-scheduler"]
    return commands | {"airflow-scheduler": ([*wait, *argv], env)}


def supervise(commands: dict[str, Command], log: TextIO, on_started: Callable[[], None]) -> int:
    """Run the commands together until one ends or a signal comes; their output goes to ``log``.

    Returns 0 after SIGINT or SIGTERM, 1 when a command ended by itself, whatever its own code.
    """
    journal = _Journal(log, on_started)
    manager = _Supervisor(printer=journal)
    for name, (argv, env) in commands.items():
        # The shell is replaced by the command, which then gets the signals and no terminal.
        manager.add_process(name, f"exec {shlex.join(argv)} </dev/null", env=env, cwd=str(PROJECT))
    try:
        manager.loop()
    finally:
        manager.kill()
    if manager.returncode in (130, 143):
        announce("Services arrêtés.")
        return 0
    print(f"Un service s'est arrêté de lui-même ({journal.first_stop}) : lire {log.name}.", file=sys.stderr)
    return 1


class _Supervisor(Manager):
    """Honcho's manager, which ends whole sessions.

    Honcho alone ends a service's process group, then waits for its output to close: for ever when a task
    of Airflow, which has a group of its own, is still writing.
    """

    def _killall(self, force: bool = False) -> None:
        end_sessions(process["pid"] for process in self._processes.values() if process.get("pid"))


class _Journal:
    """Honcho's printer: writes every line to the log, and notes the start and the first stop."""

    def __init__(self, stream: TextIO, on_started: Callable[[], None]):
        self.width = 0
        self.first_stop = ""
        self._stream, self._on_started, self._started = stream, on_started, False

    def write(self, message) -> None:
        if not self._started:
            # Not before: the supervisor has forked all its children when its first message comes.
            self._started = True
            threading.Thread(target=self._on_started, daemon=True).start()
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        if message.name == "system" and " stopped (rc=" in text and not self.first_stop:
            self.first_stop = text.strip()
        self._stream.write(f"{message.time:%H:%M:%S} {message.name:<{self.width}} | {text.rstrip()}\n")
        self._stream.flush()


def _superset_command(settings: Settings) -> Command:
    from acces_soins import dashboards

    dashboards.prepare(settings)
    return dashboards.server_command(settings)


def _refuse_taken_ports(settings: Settings) -> None:
    wanted = {
        "Airflow": (settings.port_airflow, "ACCES_SOINS_PORT_AIRFLOW"),
        "Superset": (settings.port_superset, "ACCES_SOINS_PORT_SUPERSET"),
    }
    if settings.is_trial and not replica_is_given(settings):
        wanted["la réplique"] = (port_of(settings.replique), "ACCES_SOINS_REPLIQUE")
    for name, (port, variable) in wanted.items():
        if not is_free(port):
            raise ConfigurationError(
                f"le port {port} voulu pour {name} est déjà pris : libérer ce port, "
                f"ou en choisir un autre avec {variable}."
            )


def _print_welcome(settings: Settings, log: Path) -> None:
    from acces_soins import dashboards

    print(
        f"Airflow  : http://127.0.0.1:{settings.port_airflow}  "
        f"(utilisateurs : {', '.join(airflow.USERS)})\n"
        f"           mots de passe : cat {shlex.quote(str(airflow.passwords_file(settings)))}\n"
        f"Superset : http://127.0.0.1:{settings.port_superset}  ({dashboards.credentials_hint(settings)})\n"
        f"Journal  : {log}\n"
        "Arrêt    : Ctrl-C\n",
        flush=True,
    )


def _announce_when_ready(settings: Settings) -> None:
    for name, port in (("Airflow", settings.port_airflow), ("Superset", settings.port_superset)):
        wait_until_it_answers(port, lambda: True, name)
        announce(f"{name} répond : http://127.0.0.1:{port}")
