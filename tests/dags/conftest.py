"""Airflow for the tests: a home of its own, set before Airflow is imported anywhere."""

import email
import json
import os
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from acces_soins.services.processes import any_free_port
from acces_soins.settings import PROJECT

FAKES = Path(__file__).parent / "fake_night"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A data directory whose Airflow database is migrated at the first night and kept for the module."""
    return tmp_path_factory.mktemp("donnees")


@pytest.fixture
def night_env(data, monkeypatch) -> dict[str, str]:
    """Environment of a night on fake steps; its portals are not asked, hence no replica."""
    (data / "appels.jsonl").unlink(missing_ok=True)
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith(("ACCES_SOINS_", "AIRFLOW"))},
        "ACCES_SOINS_DONNEES": str(data),
        "ACCES_SOINS_SOURCES": "direct",
        "ACCES_SOINS_EXTRAITS": str(data),
        "ACCES_SOINS_PORT_AIRFLOW": str(any_free_port()),
        "ACCES_SOINS_PORT_SUPERSET": str(any_free_port()),
        "PYTHONPATH": str(FAKES),
    }


@pytest.fixture
def services():
    """Command line that starts ``python -m acces_soins.services <verb>``."""
    return lambda verb: [sys.executable, "-m", "acces_soins.services", verb]


@pytest.fixture
def night(data, night_env, services):
    """Run one night on fake steps: ``night(scenario, **env)`` → completed process."""

    def run(scenario: str, **env: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            services("night"),
            env={**night_env, "FAUSSE_NUIT": scenario, **env},
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )

    return run


@pytest.fixture
def calls(data):
    """The steps that were called so far, in order."""

    def read() -> list[str]:
        file = data / "appels.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line)["etape"] for line in lines]

    return read


@pytest.fixture
def last_log(data):
    """Text of the newest night's log."""
    return lambda: max((data / "reel" / "rapports" / "nuits").glob("*.log")).read_text(encoding="utf-8")


class _Mailbox(socketserver.ThreadingTCPServer):
    """A mail server on loopback that keeps the messages it is given."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.messages: list[str] = []

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self._say("220 essai")
        while line := self.rfile.readline():
            verb = line.split()[0].upper()
            if verb == b"DATA":
                self._say("354 go")
                lines = iter(self.rfile.readline, b".\r\n")
                message = email.message_from_bytes(b"".join(lines))
                parts = [part.get_payload(decode=True) or b"" for part in message.walk()]
                self.server.messages.append(b"\n".join(parts).decode("utf-8"))
            self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mailbox():
    with _Mailbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
