"""Airflow's environment: secrets private and stable, loopback only, nothing sent home."""

import json
import stat
import sys
from pathlib import Path

import pytest

from acces_soins.services import airflow
from acces_soins.settings import Settings, SmtpSettings


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(donnees=tmp_path, port_airflow=18080)


def test_secrets_are_private_generated_once_and_never_the_usual_ones(settings):
    first, second = airflow.environment(settings), airflow.environment(settings)
    names = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")
    assert [first[n] for n in names] == [second[n] for n in names]
    assert len({first[n] for n in names}) == 3
    passwords = json.loads(airflow.passwords_file(settings).read_text())
    assert set(passwords) == {"admin", "lecteur"}
    assert all(len(password) >= 12 for password in passwords.values())
    for file in airflow.home(settings).glob("*.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(airflow.home(settings).stat().st_mode) == 0o700


def test_two_installations_share_no_secret(tmp_path):
    one = airflow.environment(Settings(donnees=tmp_path / "un"))
    two = airflow.environment(Settings(donnees=tmp_path / "deux"))
    assert one["AIRFLOW__CORE__FERNET_KEY"] != two["AIRFLOW__CORE__FERNET_KEY"]


def test_the_port_is_told_everywhere_and_stays_on_loopback(settings):
    env = airflow.environment(settings)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__API__PORT"] == "18080"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:18080/execution/"
    assert env["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:18080"


def test_airflow_lives_in_the_data_directory_and_sends_nothing_home(settings):
    env = airflow.environment(settings)
    assert env["AIRFLOW_HOME"].startswith(str(settings.services))
    assert str(settings.services) in env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert env["DO_NOT_TRACK"] == "1"
    assert env["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"


def test_trial_and_real_have_their_own_airflow(tmp_path):
    trial, real = (Settings(donnees=tmp_path, sources=kind) for kind in ("essai", "direct"))
    assert airflow.home(trial) != airflow.home(real)


@pytest.mark.parametrize(("port", "ssl", "tls"), [(25, False, False), (465, True, False), (587, False, True)])
def test_the_mail_relay_becomes_airflows_connection(settings, monkeypatch, port, ssl, tls):
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    settings = settings.model_copy(update={"smtp": SmtpSettings(hote="relais", port=port)})
    connection = json.loads(airflow.environment(settings)["AIRFLOW_CONN_SMTP_DEFAULT"])
    assert (connection["host"], connection["port"]) == ("relais", port)
    assert connection["extra"]["disable_ssl"] is not ssl
    assert connection["extra"]["disable_tls"] is not tls


def test_a_connection_given_with_its_login_is_kept(settings, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "smtp://moi:secret@relais:587")
    settings = settings.model_copy(update={"smtp": SmtpSettings(hote="relais")})
    assert airflow.environment(settings)["AIRFLOW_CONN_SMTP_DEFAULT"] == "smtp://moi:secret@relais:587"


def test_the_second_migration_starts_no_process(settings, monkeypatch):
    ran = []
    monkeypatch.setattr(airflow, "_airflow", lambda env, *arguments: ran.append(arguments[:2]))
    airflow.migrate(settings)
    airflow.migrate(settings)
    assert ran == [("db", "migrate"), ("pools", "set")]


def test_a_failed_migration_is_one_sentence_that_names_the_log(settings, monkeypatch):
    monkeypatch.setattr(airflow, "EXECUTABLE", Path(sys.executable))
    with pytest.raises(airflow.ConfigurationError, match=r"airflow db migrate.*preparation\.log"):
        airflow.migrate(settings)
