"""The only reader of environment variables (prefix ``ACCES_SOINS_``)."""

import datetime as dt
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[2]


class Sources(StrEnum):
    """Where the extracts come from: the fictitious replica or the real portals."""

    ESSAI = "essai"
    DIRECT = "direct"


class SmtpSettings(BaseSettings):
    """Where alerts are mailed to; no host, no mail."""

    model_config = SettingsConfigDict(env_prefix="ACCES_SOINS_SMTP_")

    hote: str | None = None
    port: int = 25
    expediteur: str = "acces-soins@localhost"
    destinataires: str = ""
    utilisateur: str = ""

    @property
    def recipients(self) -> list[str]:
        return [address.strip() for address in self.destinataires.split(",") if address.strip()]


class Settings(BaseSettings):
    """Settings of one run; every path of the data directory derives from here."""

    model_config = SettingsConfigDict(env_prefix="ACCES_SOINS_")

    donnees: Path = PROJECT / "donnees"
    sources: Sources = Sources.ESSAI
    extraits: Path | None = None
    pannes: Path | None = None
    date: dt.date | None = None
    replique: str = "http://127.0.0.1:8180"
    versions_gardees: int = Field(default=7, ge=1)
    port_airflow: int = 8080
    port_superset: int = 8088
    # In production each service has a machine of its own: it listens beyond its loopback, finds the others
    # by name, and its secrets are files of this folder.
    ecoute: str = "127.0.0.1"
    secrets: Path | None = None
    airflow_adresse: str | None = None
    airflow_interne: str | None = None
    superset_dossier: Path | None = None
    superset_metadonnees: str | None = None
    superset_processus: int = Field(default=1, ge=1)
    # Whether who has no account sees the dashboards.
    superset_public: bool = False
    smtp: SmtpSettings = Field(default_factory=SmtpSettings)

    @field_validator("donnees", "extraits", "pannes", "secrets", "superset_dossier")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().resolve() if path else None

    @field_validator("extraits", "pannes", "date", "secrets", "superset_dossier", mode="before")
    @classmethod
    def _empty_is_unset(cls, value):
        return None if value == "" else value

    @model_validator(mode="after")
    def _extracts_are_real(self) -> "Settings":
        # Real extracts must never land among the fictitious ones, whatever the machine's environment says.
        if self.is_trial:
            self.extraits = None
        return self

    @property
    def is_trial(self) -> bool:
        return self.sources is Sources.ESSAI

    @property
    def today(self) -> dt.date:
        return self.date or dt.datetime.now(dt.UTC).date()

    @property
    def closing_date(self) -> dt.date:
        """``date_arrete``: end of the last quarter that is over on the day of the run."""
        quarter_start = dt.date(self.today.year, 3 * ((self.today.month - 1) // 3) + 1, 1)
        return quarter_start - dt.timedelta(days=1)

    @property
    def root(self) -> Path:
        """Trial and real data never share a directory."""
        return self.donnees / ("essai" if self.is_trial else "reel")

    @property
    def landing(self) -> Path:
        return self.root / "brut"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantaine"

    @property
    def drop_box(self) -> Path:
        return self.root / "depots"

    @property
    def work(self) -> Path:
        return self.root / "travail"

    @property
    def ledger(self) -> Path:
        return self.root / "registre"

    @property
    def reports(self) -> Path:
        return self.root / "rapports"

    @property
    def publication(self) -> Path:
        return self.root / "publication"

    @property
    def factsheets(self) -> Path:
        """Factsheets made on demand, one folder per version."""
        return self.root / "fiches"

    @property
    def current(self) -> Path:
        """The link to the served version."""
        return self.publication / "courante"

    @property
    def published_warehouse(self) -> Path:
        return self.current / "entrepot.duckdb"

    @property
    def releases(self) -> Path:
        """The frozen quarterly publications, one folder each."""
        return self.publication / "releases"

    @property
    def proposals(self) -> Path:
        """The candidates that wait for a person's answer."""
        return self.publication / "propositions"

    @property
    def services(self) -> Path:
        """Airflow's and Superset's own files; one set for each kind of data."""
        return self.donnees / "services" / ("essai" if self.is_trial else "reel")

    def secret_file(self, name: str) -> Path | None:
        """The file that holds this secret; None when there is no folder of secrets, or it lacks this one."""
        path = self.secrets / name if self.secrets else None
        return path if path and path.is_file() else None

    def secret(self, name: str) -> str | None:
        """What the secret's file holds, its last line break left out; None without a file."""
        path = self.secret_file(name)
        return path.read_text(encoding="utf-8").strip() if path else None


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
