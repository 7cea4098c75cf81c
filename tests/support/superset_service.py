"""A Superset of its own for tests: fresh metadata database, fictitious publication, real import."""

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

import published_marts
from acces_soins import dashboards
from acces_soins.settings import Settings, get_settings

VERSION = "20260120T023000Z-abcdef12"


@dataclass
class Service:
    """Where the prepared Superset lies; ``accounts`` is login -> role and password."""

    settings: Settings
    accounts: dict[str, dict] = field(repr=False)

    def password(self, login: str) -> str:
        return self.accounts[login]["mot_de_passe"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def skip_without_superset() -> None:
    if not (dashboards.ENVIRONMENT / "bin" / "python").exists():
        pytest.skip("l'environnement .venv-superset n'est pas installé")


@contextlib.contextmanager
def prepared(folder: Path, public: bool = False, root: Path | None = None) -> Iterator[Service]:
    """Prepare, deploy and refresh in ``folder``; the caller's settings come back afterwards.

    ``root``: a data root (``donnees/essai`` or ``donnees/reel``) whose publication is shown instead of the
    small one of the tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCES_SOINS_DONNEES", str(folder))
        patch.setenv("ACCES_SOINS_PORT_SUPERSET", str(free_port()))
        # All tests log in from one address.
        patch.setenv("ACCES_SOINS_SUPERSET_CONNEXIONS", "1000 per minute")
        patch.setenv("ACCES_SOINS_SUPERSET_PUBLIC", str(public))
        patch.setenv("ACCES_SOINS_SOURCES", "direct" if root and root.name == "reel" else "essai")
        get_settings.cache_clear()
        settings = get_settings()
        if root:
            settings.root.mkdir(parents=True)
            settings.publication.symlink_to(root / "publication")
        else:
            published_marts.publish(settings.publication, VERSION)
        dashboards.update(settings.current.resolve().name, settings)
        path = settings.services / "superset" / "identifiants.json"
        try:
            yield Service(settings, json.loads(path.read_text(encoding="utf-8")))
        finally:
            get_settings.cache_clear()


@contextlib.contextmanager
def serving(service: Service) -> Iterator[str]:
    """Run the real web server; gives its address and ends it."""
    argv, env = dashboards.server_command(service.settings)
    log = service.settings.services / "superset" / "serveur.log"
    address = f"http://127.0.0.1:{service.settings.port_superset}"
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(argv, env=env, stdout=stream, stderr=subprocess.STDOUT, cwd=log.parent)
        try:
            _wait_until_healthy(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_healthy(address: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"Superset s'est arrêté : {log.read_text(encoding='utf-8')[-2000:]}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address}/health").status_code == 200:
                return
        time.sleep(0.3)
    raise AssertionError(f"Superset ne répond pas : {log.read_text(encoding='utf-8')[-2000:]}")


@contextlib.contextmanager
def client(service: Service, address: str, login: str) -> Iterator[httpx.Client]:
    """A logged-in API client."""
    with httpx.Client(base_url=address, timeout=60) as http:
        answer = http.post(
            "/api/v1/security/login",
            json={"username": login, "password": service.password(login), "provider": "db"},
        )
        answer.raise_for_status()
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        # a write needs the session's token too
        token = http.get("/api/v1/security/csrf_token/")
        if token.status_code == 200:
            http.headers["X-CSRFToken"] = token.json()["result"]
        yield http


def in_superset(
    service: Service, code: str, extra: dict[str, str] | None = None
) -> subprocess.CompletedProcess:
    """Run ``code`` in Superset's environment, inside the application; what it prints is the answer."""
    program = (
        "from superset.app import create_app\napp = create_app()\nwith app.app_context():\n"
        + "\n".join(f"    {line}" for line in code.splitlines())
    )
    return subprocess.run(
        [str(dashboards.ENVIRONMENT / "bin" / "python"), "-c", program],
        env=dashboards.environment(service.settings) | (extra or {}),
        cwd=service.settings.services / "superset",
        capture_output=True,
        text=True,
        check=False,
    )
