"""Superset's own environment: what is prepared, imported and refreshed there, in one process.

Never imports Superset: what must run there is ``superset/manage.py``, called in ``.venv-superset``.
"""

import hashlib
import json
import os
import re
import secrets
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

from acces_soins.dashboards.assets import KINDS, SUPERSET, load_assets, uuids
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.progress import announce
from acces_soins.services import superset
from acces_soins.services.superset import ENVIRONMENT, environment
from acces_soins.settings import Settings, get_settings

# What was done last, beside Superset's own files.
PREPARED, DEPLOYED, REFRESHED = "prepare.json", "deploiement.json", "rafraichissement.json"
WAREHOUSE_PLACEHOLDER = "ENTREPOT_PUBLIE"
ACCOUNTS = {"admin": "Admin", "statisticien": "Statisticien", "decideur": "Décideur"}


class DashboardsError(AccesSoinsError):
    """Superset refused a step; the sentence says which, and where the whole answer is."""


def server_command(settings: Settings | None = None) -> superset.Command:
    """(argv, env) of the web server, for the supervisor."""
    return superset.commands(settings or get_settings())["superset-web"]


@lru_cache(maxsize=1)
def superset_version() -> str:
    """The installed version, read without starting Superset. Raises ConfigurationError if absent."""
    found = sorted(ENVIRONMENT.glob("lib/python3*/site-packages/apache_superset-*.dist-info"))
    if not found:
        raise ConfigurationError(
            f"l'environnement de Superset est absent de {ENVIRONMENT}. Lancez « make run », qui l'installe."
        )
    return found[-1].name.removeprefix("apache_superset-").removesuffix(".dist-info")


def _run(steps: Mapping[str, dict], settings: Settings) -> dict[str, dict]:
    """Run steps of ``manage.py`` (name → arguments) in one process; gives the answer of each.

    The whole output goes to a log. Raises DashboardsError, and then none of them counts as done.
    """
    superset_version()
    folder = superset.home(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = subprocess.run(
        [str(ENVIRONMENT / "bin" / "python"), str(SUPERSET / "manage.py")],
        input=json.dumps(steps),
        env=environment(settings),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    log = folder / f"{'-'.join(steps)}.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        begun = re.findall(r"^étape (\w+)$", done.stderr, re.MULTILINE) or ["démarrage"]
        reason = (done.stderr.strip().splitlines() or ["sans message"])[-1]
        raise DashboardsError(
            f"Superset a refusé l'étape « {begun[-1]} » : {reason}. Journal complet : {log}"
        )
    return json.loads(done.stdout.strip().splitlines()[-1])


def _read_state(settings: Settings, name: str) -> dict:
    path = superset.home(settings) / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _write_state(settings: Settings, name: str, state: dict, mode: int = 0o644) -> None:
    path = superset.home(settings) / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(state, stream, ensure_ascii=False, indent=1)


def _accounts(settings: Settings) -> dict[str, dict]:
    """Login -> role and password; passwords are generated once and kept, mode 0600."""
    accounts = _read_state(settings, "identifiants.json")
    missing = {
        login: {"role": role, "mot_de_passe": secrets.token_urlsafe(12)}
        for login, role in ACCOUNTS.items()
        if login not in accounts
    }
    if missing:
        accounts |= missing
        _write_state(settings, "identifiants.json", accounts, mode=0o600)
    return accounts


def credentials_hint(settings: Settings | None = None) -> str:
    """Where the logins and passwords are; the passwords themselves are never printed."""
    path = superset.home(settings or get_settings()) / "identifiants.json"
    return f"comptes {', '.join(ACCOUNTS)} ; mots de passe dans {path}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _is_lost(metadata: str) -> bool:
    """Whether a database file that was prepared is gone; a server's database is not ours to look for."""
    return metadata.startswith("sqlite:///") and not Path(metadata.removeprefix("sqlite:///")).exists()


class _Step(NamedTuple):
    """A step of ``manage.py``, and what the file ``memory`` holds once it has been done."""

    name: str
    arguments: dict
    memory: str
    wanted: dict
    told: str


def update(published_version: str, settings: Settings | None = None) -> bool:
    """Prepare, deploy and refresh, in one process: a start of Superset costs seconds.

    Returns False when there was nothing to do.
    """
    settings = settings or get_settings()
    preparation = _preparation(settings)
    deployment = _deployment(settings, preparation.wanted)
    return _carry_out([preparation, deployment, _refreshment(deployment.wanted, published_version)], settings)


def prepare(settings: Settings | None = None) -> bool:
    """Bring Superset's database to this version, with its roles and accounts.

    Returns False when it already was.
    """
    settings = settings or get_settings()
    return _carry_out([_preparation(settings)], settings)


def deploy(settings: Settings | None = None) -> bool:
    """Import the assets and remove those that the code no longer has; what people saved is kept.

    Returns False when this version of the assets was already imported.
    """
    settings = settings or get_settings()
    return _carry_out([_deployment(settings, _read_state(settings, PREPARED))], settings)


def refresh(published_version: str, settings: Settings | None = None) -> bool:
    """Tell Superset that another version is served, so that no chart stays on cached data.

    Returns False when Superset already knew that version.
    """
    settings = settings or get_settings()
    deployed = _read_state(settings, DEPLOYED)
    return _carry_out([_refreshment(deployed, published_version)], settings)


def _carry_out(steps: list[_Step], settings: Settings) -> bool:
    """Run the steps that are not done yet, then remember them; False when all were."""
    if _is_lost(superset.metadata_address(settings)):
        for memory in (PREPARED, DEPLOYED, REFRESHED):
            (superset.home(settings) / memory).unlink(missing_ok=True)
    due = [step for step in steps if _read_state(settings, step.memory) != step.wanted]
    if not due:
        announce("Superset est déjà prêt")
        return False
    for step in due:
        announce(step.told)
    answers = _run({step.name: step.arguments for step in due}, settings)
    for step in due:
        _write_state(settings, step.memory, step.wanted)
    if deleted := answers.get("deploy", {}).get("supprimes"):
        announce(f"Tableaux de bord : {len(deleted)} objets retirés du code ont été supprimés")
    return True


def _preparation(settings: Settings) -> _Step:
    code = (SUPERSET / "manage.py").read_text(encoding="utf-8")
    accounts = _accounts(settings)
    arguments = {
        "accounts": accounts,
        "dashboards": uuids(load_assets())["dashboards"],
        "public": settings.superset_public,
    }
    digest = _digest(code, json.dumps(arguments), superset.metadata_address(settings))
    return _Step(
        "prepare",
        arguments,
        PREPARED,
        {"superset": superset_version(), "code": digest},
        "Superset : base, rôles et comptes (une trentaine de secondes la première fois)",
    )


def _deployment(settings: Settings, prepared: dict) -> _Step:
    contents, wanted = _bundle(settings), uuids(load_assets())
    before = _read_state(settings, DEPLOYED).get("uuids", {})
    gone = {kind: sorted(set(before.get(kind, [])) - set(wanted[kind])) for kind in KINDS}
    digest = _digest(json.dumps(contents, sort_keys=True), json.dumps(prepared))
    return _Step(
        "deploy",
        {
            "contents": contents,
            "gone": gone,
            "dashboards": wanted["dashboards"],
            "public": settings.superset_public,
        },
        DEPLOYED,
        {"empreinte": digest, "uuids": wanted},
        "Tableaux de bord : import dans Superset",
    )


def _refreshment(deployed: dict, published_version: str) -> _Step:
    ours = uuids(load_assets())
    return _Step(
        "refresh",
        {
            "description": f"Données du {published_version}",
            "datasets": ours["datasets"],
            "dashboards": ours["dashboards"],
        },
        REFRESHED,
        {"version": published_version, "deploiement": deployed},
        "Superset : les graphiques suivent la nouvelle publication",
    )


def _bundle(settings: Settings) -> dict[str, str]:
    """The assets as Superset imports them: path -> text, with this machine's file."""
    contents = {}
    for path, asset in load_assets().items():
        if path.startswith("databases/"):
            asset["sqlalchemy_uri"] = asset["sqlalchemy_uri"].replace(
                WAREHOUSE_PLACEHOLDER, str(settings.published_warehouse)
            )
        contents[path] = yaml.safe_dump(asset, allow_unicode=True, sort_keys=False)
    return contents
