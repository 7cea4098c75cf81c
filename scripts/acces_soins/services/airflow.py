"""Where Airflow keeps its files, and the environment that every Airflow process starts with."""

import base64
import contextlib
import json
import os
import secrets
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from acces_soins.errors import ConfigurationError
from acces_soins.progress import announce
from acces_soins.settings import PROJECT, Settings, get_settings

USERS = {"admin": "admin", "lecteur": "viewer"}
EXECUTABLE = Path(sys.executable).with_name("airflow")


def home(settings: Settings) -> Path:
    """AIRFLOW_HOME: metadata database, logs, keys and passwords, outside git."""
    return settings.services / "airflow"


def passwords_file(settings: Settings) -> Path:
    """JSON ``{user: password}``, mode 0600, written at the first start."""
    return home(settings) / "mots_de_passe.json"


def environment(settings: Settings | None = None) -> dict[str, str]:
    """The whole environment of an Airflow process; makes keys and passwords if they are missing.

    AIRFLOW_HOME is read when Airflow is imported, hence an environment for a child process and not
    a call: no process of this package imports Airflow itself.
    """
    settings = settings or get_settings()
    folder = home(settings)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    keys = _private_json(folder / "cles.json", _new_keys)
    _private_json(passwords_file(settings), _new_passwords)
    address = f"http://127.0.0.1:{settings.port_airflow}"
    return {
        **os.environ,
        "PATH": f"{EXECUTABLE.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "ACCES_SOINS_REPLIQUE": settings.replique,
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{u}:{role}" for u, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(settings)),
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(settings.port_airflow),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": keys["api"],
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt"],
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        **_smtp_connection(settings),
    }


def migrate(settings: Settings | None = None) -> None:
    """Bring Airflow's database to this Airflow's schema, with the one-slot pool of the writers.

    Done once per Airflow version. Raises ConfigurationError when Airflow refuses.
    """
    settings = settings or get_settings()
    done = home(settings) / "base_migree.txt"
    if done.exists() and done.read_text(encoding="utf-8") == version("apache-airflow"):
        return
    announce("Préparation de la base d'Airflow (une seule fois)")
    env = environment(settings)
    _airflow(env, "db", "migrate")
    _airflow(env, "pools", "set", "entrepot", "1", "Un seul écrivain d'entrepôt à la fois")
    done.write_text(version("apache-airflow"), encoding="utf-8")


def close_interrupted_nights(settings: Settings) -> None:
    """Mark as failed the nights run by hand that were killed, with their tasks.

    No scheduler can resume them, yet they would hold the DAG's one run and the pool's one slot for ever.
    To be called while nothing else runs Airflow on these data.
    """
    with contextlib.closing(sqlite3.connect(home(settings) / "airflow.db")) as base, base:
        base.execute(
            "UPDATE task_instance SET state = 'failed' WHERE state IN ('queued', 'running', 'scheduled') "
            "AND run_id IN (SELECT run_id FROM dag_run WHERE triggered_by = 'TEST')"
        )
        base.execute(
            "UPDATE dag_run SET state = 'failed' "
            "WHERE state IN ('queued', 'running') AND triggered_by = 'TEST'"
        )


def _airflow(env: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [EXECUTABLE, *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        log = Path(env["AIRFLOW_HOME"]) / "preparation.log"
        log.write_text(done.stdout, encoding="utf-8")
        raise ConfigurationError(
            f"« airflow {' '.join(arguments)} » a échoué (code {done.returncode}) : lire {log}."
        )


def _smtp_connection(settings: Settings) -> dict[str, str]:
    """Airflow's own SMTP connection; one already in the environment (with a login) is kept."""
    if not settings.smtp.hote or "AIRFLOW_CONN_SMTP_DEFAULT" in os.environ:
        return {}
    port = settings.smtp.port
    connection = {
        "conn_type": "smtp",
        "host": settings.smtp.hote,
        "port": port,
        "extra": {"disable_ssl": port != 465, "disable_tls": port != 587, "timeout": 30},
    }
    return {"AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection)}


def _new_keys() -> dict[str, str]:
    return {
        "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "api": secrets.token_urlsafe(32),
        "jwt": secrets.token_urlsafe(48),
    }


def _new_passwords() -> dict[str, str]:
    return {user: secrets.token_urlsafe(12) for user in USERS}


def _private_json(path: Path, make) -> dict[str, str]:
    """What the file holds; written whole with mode 0600 the first time."""
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump(make(), stream)
        draft.replace(path)
    return json.loads(path.read_text(encoding="utf-8"))
