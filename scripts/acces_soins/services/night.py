"""One night by hand: the DAG ``nightly`` run by Airflow, its progress shown, its report printed."""

import datetime as dt
import subprocess
from pathlib import Path
from typing import BinaryIO

from acces_soins.progress import MARK, announce
from acces_soins.report import LAST_NIGHT
from acces_soins.services import airflow
from acces_soins.services.guardian import guarded
from acces_soins.services.processes import child, only_one, replica, with_free_replica_port
from acces_soins.settings import Settings, get_settings
from acces_soins.trial import archives


def run_night(settings: Settings | None = None) -> int:
    """Run the DAG once and print the night's report; the exit code is 0 when the night succeeded.

    Needs no terminal. Raises ConfigurationError when the services already run on these data.
    """
    settings = settings or get_settings()
    logs = settings.reports / "nuits"
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}.log"
    before = _stamp(settings)
    with only_one(settings), guarded():
        airflow.migrate(settings)
        if settings.is_trial:
            archives.deposit_past_snapshots(settings.today)
            archives.fill_drop_box(settings.today)
        announce("Démarrage de la nuit par Airflow")
        code = _dags_test(settings, log)
    _print_report(settings, before, log)
    return code


def _dags_test(settings: Settings, log: Path) -> int:
    """Run the DAG; the replica starts while Airflow is imported, which takes longer."""
    if settings.is_trial:
        settings = with_free_replica_port(settings)
    command, env = [airflow.EXECUTABLE, "dags", "test", "nightly"], airflow.environment(settings)
    with (
        log.open("wb") as stream,
        child(command, env, stdout=subprocess.PIPE) as process,
        replica(settings, log.with_suffix(".replique.log")),
    ):
        _relay(process.stdout, stream)
        code = process.wait()
    return code if code >= 0 else 128 - code  # as a shell tells of a killed process


def _relay(output: BinaryIO, log: BinaryIO) -> None:
    """Copy every line to the log as it comes, and the lines of progress to the screen."""
    for line in output:
        log.write(line)
        log.flush()
        text = line.decode("utf-8", errors="replace")
        if text.startswith(MARK):
            print(text, end="", flush=True)


def _stamp(settings: Settings) -> int | None:
    report = settings.reports / LAST_NIGHT
    return report.stat().st_mtime_ns if report.exists() else None


def _print_report(settings: Settings, before: int | None, log: Path) -> None:
    """The report of this night, never that of an older one."""
    if _stamp(settings) == before:
        print(f"La nuit s'est interrompue avant son rapport : lire {log}.", flush=True)
        return
    print((settings.reports / LAST_NIGHT).read_text(encoding="utf-8"), flush=True)
    print(f"Journal complet de la nuit : {log}", flush=True)
