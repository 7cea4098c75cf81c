"""The shape in production, checked without a container engine: schema, secrets, ports, mounts, commands."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from acces_soins import dashboards
from acces_soins.services import airflow, launch, serve, superset
from acces_soins.settings import PROJECT, Settings

COMPOSE = PROJECT / "docker-compose.yml"
INITS = {"airflow-init", "superset-init"}
STORES = {"postgres", "redis"}


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ours(compose) -> dict:
    """The services that run our code."""
    return {name: service for name, service in compose["services"].items() if name not in STORES}


@pytest.fixture
def secrets(tmp_path) -> Path:
    folder = tmp_path / "secrets"
    subprocess.run([sys.executable, PROJECT / "docker" / "make_secrets.py", folder], check=True)
    return folder


def check_schema(file: Path) -> subprocess.CompletedProcess:
    program = Path(sys.executable).with_name("check-jsonschema")
    return subprocess.run(
        [program, "--builtin-schema", "vendor.compose-spec", file], capture_output=True, text=True
    )


def test_the_file_follows_the_schema_of_compose(tmp_path):
    assert check_schema(COMPOSE).returncode == 0, check_schema(COMPOSE).stdout
    broken = tmp_path / "broken.yml"
    broken.write_text(COMPOSE.read_text(encoding="utf-8").replace("healthcheck:", "healtcheck:"))
    assert "healtcheck" in check_schema(broken).stdout


def test_every_service_is_there_with_its_health_and_its_restarts(compose, ours):
    assert set(ours) - INITS == set(launch.SERVICES)
    for name, service in compose["services"].items():
        if name not in INITS:
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name


def test_each_service_runs_what_make_serve_runs_with_other_settings(ours, secrets, tmp_path):
    local = Settings(donnees=tmp_path / "ici", sources="direct")
    production = Settings(donnees=tmp_path / "la", sources="direct", secrets=secrets, ecoute="0.0.0.0")
    served = {**serve.airflow_commands(local), "superset-web": dashboards.server_command(local)}
    for name, service in ours.items():
        if name in INITS:
            continue
        *program, asked = service["command"]
        assert program == ["python", "-m", "acces_soins.services.launch"]
        assert asked == name
        assert service["healthcheck"]["test"][1:] == [*program, "--health", name]
        argv, env = launch.command([name], production)
        assert launch.command(["--health", name], production)[1] == env
        if name not in served:  # without Redis, make serve has neither worker nor beat
            continue
        local_argv, local_env = served[name]
        assert argv == [part.replace(local.ecoute, "0.0.0.0") for part in local_argv[-len(argv) :]]
        assert not {key for key in local_env if key not in env and f"{key}_CMD" not in env} - {
            "ACCES_SOINS_SUPERSET_METADONNEES"
        }


def test_an_unknown_service_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(launch.ConfigurationError, match=r"superset-web.*trouvé « superste »"):
        launch.command(["superste"], Settings(donnees=tmp_path))


def test_a_command_takes_the_place_of_the_service_among_its_settings(tmp_path):
    settings = Settings(donnees=tmp_path)
    argv, env = launch.command(["airflow-scheduler", "airflow", "rotate-fernet-key"], settings)
    assert argv == ["airflow", "rotate-fernet-key"]
    assert env == airflow.environment(settings)


def test_ports_are_published_on_loopback_only(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert all(service.get("network_mode") != "host" for service in compose["services"].values())


def test_images_are_pinned(compose):
    for service in compose["services"].values():
        assert re.search(r":[^:}]*\d+\.\d+", service["image"])
        assert "latest" not in service["image"]


def test_the_images_are_pinned_and_do_not_run_as_root(ours):
    dockerfile = (PROJECT / "docker" / "Dockerfile").read_text()
    assert re.search(r"^FROM python:\d+\.\d+\.\d+-", dockerfile, re.M)
    stages = {stage.split()[0]: stage for stage in re.split(r"^FROM \S+ AS ", dockerfile, flags=re.M)[1:]}
    for service in ours.values():
        stage = stages[service["build"]["target"]]
        assert re.findall(r"^USER (.*)", stage, re.M)[-1:] in ([], ["10001"])
        assert service["user"] == "10001"
    assert re.findall(r"^USER (.*)", stages["base"], re.M) == ["10001"]
    uv = re.search(r"^UV_VERSION := (.*)", (PROJECT / "Makefile").read_text(), re.M).group(1)
    assert f"uv=={uv}" in dockerfile


def test_no_image_takes_what_git_leaves_out():
    """Secrets, backups and data lie in the folder that the images are built from."""
    ignored = (PROJECT / ".gitignore").read_text().split()
    left_out = {name.strip("/") for name in ignored if name.startswith("/")}
    assert {"secrets", "sauvegardes", "donnees"} <= left_out
    assert left_out <= set((PROJECT / ".dockerignore").read_text().split())


def test_no_secret_stands_in_an_environment(compose):
    secret = re.compile(r"PASSWORD|MOT_DE_PASSE|KEY|_CLE|_CONN(_|$)|METADONNEES|REDIS|://[^/]*@")
    for name, service in compose["services"].items():
        for key, value in service.get("environment", {}).items():
            shown = f"{key} {value}".replace("POSTGRES_PASSWORD_FILE /run/secrets/postgres_mot_de_passe", "")
            assert not secret.search(shown.upper()), f"{name} : {key}"


def test_every_secret_is_a_file_without_default_that_a_service_takes(compose, secrets):
    assert set(compose["secrets"]) == {path.name for path in secrets.iterdir()}
    taken = {name for service in compose["services"].values() for name in service.get("secrets", [])}
    assert taken == set(compose["secrets"])
    for name, secret in compose["secrets"].items():
        assert secret == {"file": "${ACCES_SOINS_DOSSIER_SECRETS:?missing from .env}/" + name}


def test_secrets_are_made_once_never_twice_the_same_and_private(secrets, tmp_path):
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    (secrets / "superset_cle").unlink()
    again = subprocess.run(
        [sys.executable, PROJECT / "docker" / "make_secrets.py", secrets], capture_output=True, text=True
    )
    assert again.stdout.endswith(": superset_cle.\n")
    after = {path.name: path.read_text() for path in secrets.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"superset_cle"}
    assert secrets.stat().st_mode & 0o777 == 0o700
    filled = [text for text in after.values() if text]
    assert len(set(filled)) == len(filled) == len(after) - 2
    assert not any(value in again.stdout for value in filled)


def test_the_environment_of_a_service_shows_no_secret(secrets, tmp_path):
    settings = Settings(donnees=tmp_path, sources="direct", secrets=secrets)
    (secrets / "smtp_mot_de_passe").chmod(0o644)
    (secrets / "smtp_mot_de_passe").write_text("passe-du-relais")
    settings.smtp.hote = "relais"
    values = [path.read_text() for path in secrets.iterdir() if path.read_text()]
    for service in launch.SERVICES:
        argv, env = launch.command([service], settings)
        shown = " ".join([*argv, *env.values()])
        assert [value for value in values if value in shown] == []


def test_a_missing_secret_is_one_sentence(secrets, tmp_path):
    (secrets / "airflow_jwt").unlink()
    with pytest.raises(launch.ConfigurationError, match=r"« airflow_jwt ».*make_secrets\.py"):
        launch.command(["airflow-scheduler"], Settings(donnees=tmp_path, secrets=secrets))


def test_the_real_portals_are_asked(ours):
    for name, service in ours.items():
        assert service["environment"]["ACCES_SOINS_SOURCES"] == "${ACCES_SOINS_SOURCES:-direct}", name


def test_superset_reads_the_data_and_writes_elsewhere(ours):
    for name in superset.SERVICES:
        assert ours[name]["volumes"] == ["donnees:/app/donnees:ro", "superset:/app/etat"]
        assert ours[name]["environment"]["ACCES_SOINS_SUPERSET_DOSSIER"] == "/app/etat"
    for name in (*airflow.SERVICES, *INITS):
        assert "donnees:/app/donnees" in ours[name]["volumes"]


def test_the_inits_run_verbs_of_the_services(ours):
    assert ours["airflow-init"]["command"] == ["python", "-m", "acces_soins.services", "migrate"]
    assert ours["superset-init"]["command"] == ["python", "-m", "acces_soins.services", "prepare"]


def test_every_variable_of_compose_is_in_the_example():
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text())) - {"ACCES_SOINS_VERSION"}
    offered = set(re.findall(r"^([A-Z_]+)=", (PROJECT / "docker" / "env.example").read_text(), re.M))
    assert used == offered


def operators_commands() -> list[str]:
    """The lines of the bash blocks of the operator's guide."""
    text = (PROJECT / "docs" / "exploitation.md").read_text(encoding="utf-8")
    return [
        line for block in re.findall(r"^```bash\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()
    ]


def test_the_operators_guide_names_what_exists(compose):
    docker = [line for line in operators_commands() if line.startswith("docker compose")]
    assert len(docker) >= 15
    for line in docker:
        parsed = subprocess.run(["sh", "-n", "-c", line], capture_output=True, text=True)
        assert parsed.returncode == 0, parsed.stderr
        verb, *words = line.removeprefix("docker compose ").split()
        named = next((word for word in words if not word.startswith("-")), None)
        if verb in ("exec", "run"):
            assert named in compose["services"], line
        for module in re.findall(r"-m (\S+)", line):
            assert importlib.util.find_spec(module), line
    guide = (PROJECT / "docs" / "exploitation.md").read_text(encoding="utf-8")
    for secret in compose["secrets"]:
        assert f"`{secret}`" in guide, secret


def test_the_operators_guide_finds_the_logs_where_they_are():
    settings = Settings(donnees=Path("/app/donnees"), sources="direct")
    (cleaning,) = [line for line in operators_commands() if " find " in line]
    assert f" find {airflow.home(settings) / 'logs'} -type f -mtime +365 -delete" in cleaning


def test_a_container_has_the_new_secret_before_it_sets_passwords():
    """A secret is mounted when its container starts: one that runs would set the former password again."""
    lines = operators_commands()
    (setting,) = [number for number, line in enumerate(lines) if "10-databases.sh" in line]
    assert lines[setting - 1] == "docker compose up --detach --force-recreate --wait postgres"


def test_postgresql_is_not_well_during_its_first_set_up(compose):
    """Its image sets itself up with a server that answers on the socket only."""
    assert "--host=127.0.0.1" in compose["services"]["postgres"]["healthcheck"]["test"]
