"""Every service of the production, launched as its container launches it, on a real PostgreSQL and Redis.

The night's steps are the fictitious ones of ``tests/dags/fake_night``: what is tried here is that Airflow and
Superset work together on these stores, not what a night computes.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

import production
import published_marts
import superset_service
from acces_soins import dashboards
from acces_soins.services import airflow, superset
from acces_soins.services.processes import any_free_port, child
from acces_soins.settings import PROJECT, Settings, get_settings
from waiting import wait_for

pytestmark = [pytest.mark.night, pytest.mark.superset, pytest.mark.long]
PATIENCE = 600
FAKES = PROJECT / "tests" / "dags" / "fake_night"
LAUNCH = [sys.executable, "-m", "acces_soins.services.launch"]
DASHBOARD = "acces-aux-soins"


class Mailbox(Message):
    """Keeps the messages that it is given."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def handle_message(self, message) -> None:
        self.messages.append(message)

    def sent_to(self, address: str) -> list:
        return [message for message in self.messages if address in str(message["to"])]


@dataclass
class Production:
    """The services' settings, and their environment as a container has it."""

    settings: Settings
    stores: production.Stores
    env: dict[str, str]
    logs: Path
    mailbox: Mailbox

    def of(self, service: str) -> dict[str, str]:
        """Superset's state lies outside the data; Airflow plays the fictitious steps."""
        own = {"ACCES_SOINS_SUPERSET_DOSSIER": str(self.logs / "etat")}
        if service in airflow.SERVICES:
            own = {"PYTHONPATH": str(FAKES), "FAUSSE_NUIT": "une source refusée"}
        return self.env | own

    def run(self, service: str, *command: str) -> str:
        """What docs/exploitation.md has run: a command among the service's settings."""
        done = subprocess.run(
            [*LAUNCH, service, *command],
            env=self.of(service), cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def verb(self, verb: str) -> None:
        command = [sys.executable, "-m", "acces_soins.services", verb]
        done = subprocess.run(command, env=self.env, cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def is_well(self, service: str) -> bool:
        asked = [*LAUNCH, "--health", service]
        return subprocess.run(asked, env=self.of(service), cwd=PROJECT, capture_output=True).returncode == 0

    @contextlib.contextmanager
    def serving(self, *services: str):
        """These services until the end of the block, once all are well."""
        with contextlib.ExitStack() as stack:
            for service in services:
                stream = stack.enter_context((self.logs / f"{service}.log").open("ab"))
                stack.enter_context(child([*LAUNCH, service], self.of(service), stdout=stream))
            for service in services:
                wait_for(lambda service=service: self.is_well(service), f"la santé de {service}", PATIENCE)
            yield f"http://127.0.0.1:{self.settings.port_superset}"

    def service(self) -> superset_service.Service:
        accounts = self.settings.services / "superset" / "identifiants.json"
        return superset_service.Service(self.settings, json.loads(accounts.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def prod(stores, tmp_path_factory):
    superset_service.skip_without_superset()
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            pytest.skip(f"{program} est absent : installer les paquets chromium et chromium-driver")
    folder = tmp_path_factory.mktemp("services")
    mailbox, port = Mailbox(), any_free_port()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ACCES_SOINS_", "AIRFLOW"))}
    ports = {"AIRFLOW": any_free_port(), "SUPERSET": any_free_port()}
    ours = {
        "ACCES_SOINS_DONNEES": str(folder / "donnees"),
        "ACCES_SOINS_SOURCES": "direct",
        "ACCES_SOINS_EXTRAITS": str(folder),
        "ACCES_SOINS_SECRETS": str(stores.secrets),
        "ACCES_SOINS_PORT_AIRFLOW": str(ports["AIRFLOW"]),
        "ACCES_SOINS_PORT_SUPERSET": str(ports["SUPERSET"]),
        "ACCES_SOINS_AIRFLOW_INTERNE": f"http://127.0.0.1:{ports['AIRFLOW']}",
        "ACCES_SOINS_SUPERSET_INTERNE": f"http://127.0.0.1:{ports['SUPERSET']}",
        "ACCES_SOINS_SUPERSET_ADRESSE": "https://tableaux.essai.invalid",
        "ACCES_SOINS_SMTP_HOTE": "127.0.0.1",
        "ACCES_SOINS_SMTP_PORT": str(port),
        "ACCES_SOINS_SMTP_DESTINATAIRES": "exploitation@essai.invalid",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ours.items():
            patch.setenv(name, value)
        settings = Settings()
        sink = Controller(mailbox, hostname="127.0.0.1", port=port)
        sink.start()
        made = Production(settings, stores, clean | ours, folder, mailbox)
        made.verb("migrate")
        made.verb("prepare")
        published_marts.publish(settings.publication, superset_service.VERSION)
        get_settings.cache_clear()
        dashboards.update(superset_service.VERSION, settings)
        yield made
        sink.stop()
        get_settings.cache_clear()


def files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def text_of(message) -> str:
    parts = [part.get_payload(decode=True) or b"" for part in message.walk()]
    return b"\n".join(parts).decode("utf-8", errors="replace")


def test_a_scheduled_night_runs_and_its_alert_is_mailed(prod):
    ended = (
        "SELECT state FROM dag_run WHERE dag_id = 'nightly' AND run_type = 'scheduled' "
        "AND end_date IS NOT NULL"
    )
    with prod.serving("airflow-apiserver"), prod.serving(*airflow.SERVICES[:3]):
        # A scheduler that starts catches up the last night that was due.
        wait_for(lambda: prod.stores.psql(ended, "airflow"), "la fin de la nuit", PATIENCE)
        assert prod.stores.psql(ended, "airflow") == "success"
    steps = [json.loads(line)["etape"] for line in (prod.settings.donnees / "appels.jsonl").open()]
    assert {"open_night", "extract", "build", "check", "publish", "close_night"} <= set(steps)
    alerts = map(text_of, prod.mailbox.sent_to("exploitation@essai.invalid"))
    assert any("une source refusée" in alert for alert in alerts)
    # Airflow keeps the last night itself, whatever its age.
    nights = "SELECT count(*) > 0 FROM task_instance WHERE dag_id = 'nightly'"
    for before, left in (("2000-01-01", "t"), ("2100-01-01", "f")):
        clean = ("airflow", "db", "clean", "--clean-before-timestamp", before, "--skip-archive", "--yes")
        prod.run("airflow-scheduler", *clean)
        assert prod.stores.psql(nights, "airflow") == left


def test_a_dashboard_answers_and_goes_by_mail_and_superset_writes_nothing_in_the_data(prod):
    before = files(prod.settings.donnees)
    with prod.serving(*superset.SERVICES) as address:
        with superset_service.client(prod.service(), address, "decideur") as http:
            assert http.get(f"/api/v1/dashboard/{DASHBOARD}").status_code == 200
        with superset_service.client(prod.service(), address, "admin") as http:
            dashboard = http.get(f"/api/v1/dashboard/{DASHBOARD}").json()["result"]["id"]
            asked = http.post(
                "/api/v1/report/",
                json={
                    "type": "Report",
                    "name": "Tableau du préfet",
                    "crontab": "* * * * *",
                    "timezone": "Europe/Paris",
                    "dashboard": dashboard,
                    "report_format": "PNG",
                    "working_timeout": 600,
                    "active": True,
                    "recipients": [
                        {"type": "Email", "recipient_config_json": {"target": "prefet@essai.invalid"}}
                    ],
                },
            )
            assert asked.status_code == 201, asked.text
            wait_for(
                lambda: prod.mailbox.sent_to("prefet@essai.invalid"), "le rapport par courriel", PATIENCE
            )
            http.delete(f"/api/v1/report/{asked.json()['id']}")
        # What the worker's Chromium had drawn is in the cache that the processes share.
        assert prod.stores.redis("keys", "acces_soins_donnees_*")
    report = prod.mailbox.sent_to("prefet@essai.invalid")[0]
    subject = str(make_header(decode_header(report["subject"])))
    assert subject.startswith("Accès aux soins : Tableau du préfet")
    parts = {part.get_content_type(): part.get_payload(decode=True) for part in report.walk()}
    assert "https://tableaux.essai.invalid/" in parts["text/html"].decode("utf-8")
    assert len(parts["image/png"]) > 20_000
    (prod.logs / "rapport.png").write_bytes(parts["image/png"])
    assert files(prod.settings.donnees) == before


def test_a_backup_of_the_databases_is_restored(prod):
    for name in ("airflow", "superset"):
        tables = prod.stores.psql("SELECT count(*) FROM information_schema.tables", name)
        dump = prod.logs / f"{name}.dump"
        with dump.open("wb") as stream:
            subprocess.run(
                ["pg_dump", "--format=custom", name], env=prod.stores.postgres_env, stdout=stream, check=True
            )
        prod.stores.psql(f"DROP DATABASE {name} WITH (FORCE)")
        prod.stores.make_databases()
        restore = ["pg_restore", "--exit-on-error", f"--dbname={name}"]
        with dump.open("rb") as stream:
            subprocess.run(restore, env=prod.stores.postgres_env, stdin=stream, check=True)
        assert prod.stores.psql("SELECT count(*) FROM information_schema.tables", name) == tables
    prod.verb("migrate")
    with (
        prod.serving("superset-web") as address,
        superset_service.client(prod.service(), address, "decideur") as http,
    ):
        assert http.get(f"/api/v1/dashboard/{DASHBOARD}").status_code == 200


def write(path: Path, text: str) -> None:
    path.chmod(0o644)
    path.write_text(text, encoding="utf-8")


def test_every_secret_is_rotated_and_both_applications_go_on(prod):
    folder = prod.stores.secrets
    prod.run("airflow-apiserver", "airflow", "connections", "add", "essai", "--conn-uri", "http://u:mdp@h")
    former = {path.name: path.read_text() for path in folder.iterdir()}
    for name in former.keys() - {"postgres_mot_de_passe", "superset_redis", "smtp_mot_de_passe"}:
        (folder / name).unlink()
    prod.stores.make_secrets()
    prod.stores.make_databases()
    new_key = (folder / "airflow_fernet").read_text()
    write(folder / "airflow_fernet", f"{new_key},{former['airflow_fernet']}")
    prod.run("airflow-apiserver", "airflow", "rotate-fernet-key")
    write(folder / "airflow_fernet", new_key)
    shown = prod.run("airflow-apiserver", "airflow", "connections", "get", "essai", "--output", "json")
    assert json.loads(shown)[0]["password"] == "mdp"
    write(folder / "superset_cle_precedente", former["superset_cle"])
    prod.run("superset-web", "superset", "re-encrypt-secrets")
    write(folder / "superset_cle_precedente", "")
    prod.verb("prepare")
    with (
        prod.serving("superset-web") as address,
        superset_service.client(prod.service(), address, "decideur") as http,
    ):
        assert http.get(f"/api/v1/dashboard/{DASHBOARD}").status_code == 200
