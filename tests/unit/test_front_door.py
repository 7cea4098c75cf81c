"""The front door and the production shape, checked as text: nothing here starts a container."""

import re
import subprocess

import pytest
import yaml

from acces_soins.settings import PROJECT

SERVICES = {
    "postgres",
    "redis",
    "airflow-init",
    "airflow-apiserver",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "superset-init",
    "superset-web",
}


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))


def make(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def test_make_alone_prints_the_verbs():
    shown = make()
    assert shown.returncode == 0
    for verb in ("run", "serve", "real", "test", "test-long", "bench", "lint"):
        assert f"make {verb} " in shown.stdout


def test_make_real_asks_for_the_folder_before_anything_else():
    refused = make("real", "EXTRAITS=")
    assert refused.returncode == 2
    assert "make real EXTRAITS=<dossier>" in refused.stderr
    assert "Installation" not in refused.stdout


def test_make_real_wants_an_index(tmp_path):
    refused = make("real", f"EXTRAITS={tmp_path}")
    assert refused.returncode == 2
    assert "INDEX.csv est introuvable" in refused.stderr


def test_compose_has_every_service_with_its_health(compose):
    assert set(compose["services"]) == SERVICES
    for name, service in compose["services"].items():
        assert name.endswith("-init") or service.get("healthcheck"), name


def test_compose_publishes_on_loopback_only(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_compose_pins_its_images(compose):
    for service in compose["services"].values():
        assert re.search(r":[^:}]*\d+\.\d+", service["image"])
        assert "latest" not in service["image"]


def test_compose_holds_no_secret_and_gives_none_a_default(compose):
    secret = re.compile(r"PASSWORD|SECRET|KEY|SQL_ALCHEMY_CONN|METADONNEES|REDIS")
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if secret.search(name) and not name.endswith("PASSWORDS_FILE"):
                assert re.search(r"\$\{[A-Z_]+:\?", value), name
                assert not re.search(r"(PASSWORD|SECRET|KEY)\w*:-", value), name


def test_compose_asks_the_real_portals_and_shares_the_data(compose):
    for name, service in compose["services"].items():
        if name.startswith(("airflow", "superset")):
            assert service["environment"]["ACCES_SOINS_SOURCES"] == "${ACCES_SOINS_SOURCES:-direct}"
            assert "donnees:/app/donnees" in service["volumes"]
            assert service["user"] != "0"


def test_superset_caches_in_the_redis_of_compose(compose):
    cache = compose["services"]["superset-web"]["environment"]["ACCES_SOINS_SUPERSET_REDIS"]
    assert cache.endswith("@redis:6379/0")
    assert compose["services"]["superset-web"]["depends_on"]["redis"] == {"condition": "service_healthy"}


def test_superset_is_prepared_by_the_same_step_as_at_night(compose):
    program, option, code = compose["services"]["superset-init"]["command"]
    assert (program, option) == ("/app/.venv/bin/python", "-c")
    compile(code, "superset-init", "exec")
    assert "dashboards.prepare()" in code
    night = compose["services"]["airflow-scheduler"]["environment"]["ACCES_SOINS_SUPERSET_METADONNEES"]
    assert compose["services"]["superset-init"]["environment"]["ACCES_SOINS_SUPERSET_METADONNEES"] == night


def test_every_variable_that_compose_demands_is_in_the_example():
    demanded = set(re.findall(r"\$\{([A-Z_]+):\?", (PROJECT / "docker-compose.yml").read_text()))
    offered = set(re.findall(r"^([A-Z_]+)=", (PROJECT / "docker" / "env.example").read_text(), re.M))
    assert demanded <= offered


def test_the_image_is_pinned_and_does_not_run_as_root():
    dockerfile = (PROJECT / "docker" / "Dockerfile").read_text()
    assert re.search(r"^FROM python:\d+\.\d+\.\d+-", dockerfile, re.M)
    assert re.findall(r"^USER (.*)", dockerfile, re.M)[-1] == "acces-soins"
    uv = re.search(r"^UV_VERSION := (.*)", (PROJECT / "Makefile").read_text(), re.M).group(1)
    assert f"uv=={uv}" in dockerfile
