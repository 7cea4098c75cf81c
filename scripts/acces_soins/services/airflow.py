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
from acces_soins.services.superset import ASK, Command
from acces_soins.settings import PROJECT, Settings, get_settings

USERS = {"admin": "admin", "lecteur": "viewer"}
EXECUTABLE = Path(sys.executable).with_name("airflow")
SERVICES = ("airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "airflow-apiserver")
# In production each of these is a file of the folder of secrets, which Airflow itself reads.
METADATA_SECRET, PASSWORDS_SECRET = "airflow_metadonnees", "airflow_comptes"
KEYS = {
    "airflow_fernet": ("fernet", "AIRFLOW__CORE__FERNET_KEY"),
    "airflow_api": ("api", "AIRFLOW__API__SECRET_KEY"),
    "airflow_jwt": ("jwt", "AIRFLOW__API_AUTH__JWT_SECRET"),
}


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
    _write_passwords(settings)
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
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow_interne or address}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{u}:{role}" for u, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(settings)),
        "AIRFLOW__API__HOST": settings.ecoute,
        "AIRFLOW__API__PORT": str(settings.port_airflow),
        "AIRFLOW__API__BASE_URL": settings.airflow_adresse or address,
        "AIRFLOW__API__WORKERS": "1",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        **_keys_and_database(settings),
        **_smtp_connection(settings),
    }


def commands(settings: Settings) -> dict[str, Command]:
    """The four processes of Airflow, name → (argv, env).

    The servers of their logs, which listen on every interface, stay off.
    """
    env, program = environment(settings), str(EXECUTABLE)
    arguments = {
        "airflow-scheduler": ["scheduler", "--skip-serve-logs"],
        "airflow-dag-processor": ["dag-processor"],
        "airflow-triggerer": ["triggerer", "--skip-serve-logs"],
        "airflow-apiserver": ["api-server"],
    }
    return {name: ([program, *arguments[name]], env) for name in SERVICES}


def health_checks(settings: Settings) -> dict[str, Command]:
    """What tells that a process of Airflow works, run beside it: exit code 0 when it does."""
    env = environment(settings)
    page = f"http://127.0.0.1:{settings.port_airflow}/api/v2/monitor/health"
    job = [str(EXECUTABLE), "jobs", "check", "--local", "--job-type"]
    return {
        "airflow-scheduler": ([*job, "SchedulerJob"], env),
        "airflow-dag-processor": ([*job, "DagProcessorJob"], env),
        "airflow-triggerer": ([*job, "TriggererJob"], env),
        "airflow-apiserver": ([sys.executable, "-c", ASK, page], env),
    }


def migrate(settings: Settings | None = None) -> None:
    """Bring Airflow's database to this Airflow's schema, with the one-slot pool of the writers.

    Done once per Airflow version. Raises ConfigurationError when Airflow refuses.
    """
    settings = settings or get_settings()
    done = home(settings) / "base_migree.txt"
    # A server's database can have been replaced: it is always asked, which is quick when all is there.
    on_server = settings.secret_file(METADATA_SECRET)
    if not on_server and done.exists() and done.read_text(encoding="utf-8") == version("apache-airflow"):
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


def _keys_and_database(settings: Settings) -> dict[str, str]:
    """Airflow's keys and the address of its database: from the secrets' files, else made and kept at home.

    A secret's file is read by Airflow itself (its ``…_CMD`` options): the environment shows no secret.
    """
    own_file = f"sqlite:///{home(settings) / 'airflow.db'}"
    given = {METADATA_SECRET: "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"}
    given |= {secret: variable for secret, (_, variable) in KEYS.items()}
    if settings.secrets:
        return {f"{variable}_CMD": f"cat {_required(settings, secret)}" for secret, variable in given.items()}
    keys = _private_json(home(settings) / "cles.json", _new_keys)
    return {given[METADATA_SECRET]: own_file} | {variable: keys[key] for key, variable in KEYS.values()}


def _required(settings: Settings, name: str) -> Path:
    path = settings.secret_file(name)
    if path is None:
        raise ConfigurationError(
            f"attendu le secret « {name} » dans {settings.secrets} ; rien trouvé. "
            "L'écrire avec docker/make_secrets.py."
        )
    return path


def _write_passwords(settings: Settings) -> None:
    """The accounts' passwords: those of the secret, else made once. Airflow wants to write there."""
    path = passwords_file(settings)
    if settings.secrets:
        wanted = json.loads(_required(settings, PASSWORDS_SECRET).read_text(encoding="utf-8"))
        if not path.exists() or json.loads(path.read_text(encoding="utf-8")) != wanted:
            path.unlink(missing_ok=True)
            _private_json(path, lambda: wanted)
    else:
        _private_json(path, _new_passwords)


def _smtp_connection(settings: Settings) -> dict[str, str]:
    """Airflow's own SMTP connection; one already in the environment is kept.

    With a password, it stands in a private file that Airflow's own backend of secrets reads.
    """
    if not settings.smtp.hote or "AIRFLOW_CONN_SMTP_DEFAULT" in os.environ:
        return {}
    port = settings.smtp.port
    connection = {
        "conn_type": "smtp",
        "host": settings.smtp.hote,
        "port": port,
        "extra": {"disable_ssl": port != 465, "disable_tls": port != 587, "timeout": 30},
    }
    password = settings.secret("smtp_mot_de_passe")
    if not password:
        return {"AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection)}
    connection |= {"login": settings.smtp.utilisateur, "password": password}
    path = home(settings) / "connexions.json"
    path.unlink(missing_ok=True)
    _private_json(path, lambda: {"smtp_default": connection})
    return {
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(path)}),
    }


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
