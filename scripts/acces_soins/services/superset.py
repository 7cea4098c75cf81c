"""Where Superset keeps its files, the environment of its processes, and the command of each.

Imported in both environments: it needs the settings only, and never imports Superset.
"""

import os
import socket
import sys
from pathlib import Path

from acces_soins.settings import PROJECT, Settings

CODE = PROJECT / "superset"
ENVIRONMENT = PROJECT / ".venv-superset"
SERVICES = ("superset-web", "superset-worker", "superset-beat")
CELERY = [str(ENVIRONMENT / "bin" / "celery"), "--app=superset.tasks.celery_app:app"]
ASK = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)"
Command = tuple[list[str], dict[str, str]]


def home(settings: Settings) -> Path:
    """SUPERSET_HOME: what Superset itself writes."""
    return settings.superset_dossier or settings.services / "superset"


def metadata_address(settings: Settings) -> str:
    """Where Superset keeps its own data: a file of ours, or the production's PostgreSQL."""
    own_file = f"sqlite:///{home(settings) / 'superset.db'}"
    return settings.secret("superset_metadonnees") or settings.superset_metadonnees or own_file


def environment(settings: Settings) -> dict[str, str]:
    """What Superset's processes get: the caller's environment and the project's variables.

    An address that holds a password stays in its file, which ``superset_config.py`` reads.
    """
    env = {
        **os.environ,
        "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "SUPERSET_CONFIG_PATH": str(CODE / "superset_config.py"),
        "SUPERSET_HOME": str(home(settings)),
        "ACCES_SOINS_SUPERSET_DOSSIER": str(home(settings)),
        "ACCES_SOINS_SUPERSET_ENTREPOT": str(settings.published_warehouse),
        "ACCES_SOINS_SUPERSET_ESSAI": str(int(settings.is_trial)),
        "FLASK_APP": "superset.app:create_app()",
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if settings.secrets:
        env["ACCES_SOINS_SECRETS"] = str(settings.secrets)
    if not settings.secret_file("superset_metadonnees"):
        env["ACCES_SOINS_SUPERSET_METADONNEES"] = metadata_address(settings)
    return env


def commands(settings: Settings) -> dict[str, Command]:
    """Each process of Superset, name → (argv, env); the last two need the Redis of the settings.

    The web server is made of threads, and listens where the settings say: the loopback, by default.
    """
    env, programs = environment(settings), ENVIRONMENT / "bin"
    return {
        "superset-web": (
            [
                str(programs / "gunicorn"),
                *("--bind", f"{settings.ecoute}:{settings.port_superset}"),
                *(
                    "--worker-class",
                    "gthread",
                    "--workers",
                    str(settings.superset_processus),
                    "--threads",
                    "8",
                ),
                *("--timeout", "120", "--graceful-timeout", "10"),
                *("--config", str(CODE / "gunicorn_conf.py")),
                "superset.app:create_app()",
            ],
            env,
        ),
        "superset-worker": ([*CELERY, "worker", "--pool=prefork", "--concurrency=1", "-O", "fair"], env),
        "superset-beat": (
            [*CELERY, "beat", "--pidfile=", f"--schedule={_schedule(settings)}"],
            env,
        ),
    }


def health_checks(settings: Settings) -> dict[str, Command]:
    """What tells that a process of Superset works, run beside it: exit code 0 when it does.

    Beat answers nobody, but writes its schedule down every three minutes.
    """
    env, schedule = environment(settings), _schedule(settings)
    page = f"http://127.0.0.1:{settings.port_superset}/health"
    recent = f"find {schedule.parent} -name '{schedule.name}*' -mmin -10 | grep -q ."
    return {
        "superset-web": ([sys.executable, "-c", ASK, page], env),
        "superset-worker": (
            [*CELERY, "inspect", "ping", f"--destination=celery@{socket.gethostname()}"],
            env,
        ),
        "superset-beat": (["/bin/sh", "-c", recent], env),
    }


def _schedule(settings: Settings) -> Path:
    return home(settings) / "echeancier"
