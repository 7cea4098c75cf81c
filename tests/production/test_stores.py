"""What the containers of PostgreSQL and Redis run, on real servers: databases, passwords, what may go."""

import subprocess
import sys

import pytest

import production
from acces_soins.services import airflow
from acces_soins.settings import Settings


def login(stores, service: str) -> str:
    """What the service reads with the address of its secret, said by psql."""
    address = (stores.secrets / f"{service}_metadonnees").read_text().replace("+psycopg2", "")
    done = subprocess.run(
        ["psql", "--no-psqlrc", "--tuples-only", "--no-align", address, "--command", "SELECT current_user"],
        env={"PATH": production.PROGRAMS}, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("service", ["airflow", "superset"])
def test_each_service_has_its_database_and_its_password_can_be_rotated(stores, service):
    assert login(stores, service) == service
    address = stores.secrets / f"{service}_metadonnees"
    former = address.read_text()
    address.unlink()
    stores.make_secrets()
    assert "password authentication failed" in login(stores, service)
    stores.make_databases()
    assert login(stores, service) == service
    new = address.read_text()
    address.write_text(former)
    assert "password authentication failed" in login(stores, service)
    address.write_text(new)


def test_redis_asks_for_the_password_and_never_drops_what_waits(stores):
    assert stores.redis("ping") == "PONG"
    anonymous = subprocess.run(
        ["redis-cli", "-p", str(stores.redis_port), "ping"], capture_output=True, text=True
    )
    assert "NOAUTH" in anonymous.stdout
    # A key without an end, as Celery's queue is, stays whatever the caches need.
    assert stores.redis("config", "get", "maxmemory-policy").split() == ["maxmemory-policy", "volatile-lru"]
    assert stores.redis("config", "get", "save").split() == ["save"]


def test_airflow_reads_its_secrets_from_their_files(stores, tmp_path):
    settings = Settings(donnees=tmp_path, sources="direct", secrets=stores.secrets)
    env = airflow.environment(settings)
    options = [
        ("database", "sql_alchemy_conn", "airflow_metadonnees"), ("core", "fernet_key", "airflow_fernet"),
        ("api", "secret_key", "airflow_api"), ("api_auth", "jwt_secret", "airflow_jwt"),
    ]  # fmt: skip
    code = f"from airflow.configuration import conf\nfor s, o, _ in {options}: print(conf.get(s, o))"
    read = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert read.stdout.split() == [(stores.secrets / name).read_text() for *_, name in options]
