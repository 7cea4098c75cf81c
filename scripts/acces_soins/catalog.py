"""The catalogues of sources and indicators, read from dbt's own YAML (no dbt import: milliseconds)."""

import datetime as dt
import re
from calendar import monthrange
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from acces_soins.errors import ConfigurationError
from acces_soins.settings import PROJECT

MODELS = PROJECT / "dbt_project" / "models"
CADENCES_DAYS = {"mensuelle": 31, "trimestrielle": 92, "semestrielle": 184, "annuelle": 366}
CADENCES_MONTHS = {"mensuelle": 1, "trimestrielle": 3, "semestrielle": 6, "annuelle": 12}
EDITION_PATTERN = re.compile(r"^[0-9A-Za-z._-]+$")


@dataclass(frozen=True)
class Column:
    """One column of a source's contract.

    ``header`` is the name that the file gives it: a plain name, or a regular expression (it starts
    with ``^``) over the header without accents, in lower case; in JSON, a path inside the record.
    ``personal`` never gets past the reader; of a ``pseudonym`` only a stable hash does.
    """

    name: str
    description: str
    header: str
    pattern: str | None = None
    sentinels: tuple[str, ...] = ()
    mandatory: bool = False
    required: bool = True
    single_value: bool = False
    bounds: tuple[float, float] | None = None
    personal: bool = False
    pseudonym: bool = False


@dataclass(frozen=True)
class Source:
    """One source table: who publishes it, how it is fetched and what its files must look like."""

    id: str
    producer: str
    table: str
    producer_name: str
    portal: str
    description: str
    columns: tuple[Column, ...]
    meta: dict = field(hash=False, compare=False)

    @property
    def protocol(self) -> str:
        return self.meta["protocole"]

    @property
    def has_persons(self) -> bool:
        """Whether the file received names persons, even under a pseudonym."""
        return any(column.personal or column.pseudonym for column in self.columns)

    @property
    def is_deposited(self) -> bool:
        """No portal has it: a partner leaves it in the drop box."""
        return self.protocol == "depot"

    @property
    def dataset(self) -> str:
        return self.meta.get("jeu", "")

    @property
    def format(self) -> str:
        return self.meta["format"]

    @property
    def reading(self) -> dict:
        return self.meta.get("lecture", {})

    @property
    def aliases(self) -> dict[str, str]:
        """Header that the portal is known to write in another way → header of the contract."""
        return self.meta.get("alias", {})

    @property
    def key(self) -> list[str]:
        return self.meta["cle"]

    @property
    def cadence(self) -> str:
        return self.meta["cadence"]

    @property
    def reads_every_edition(self) -> bool:
        return self.meta["editions_lues"] == "toutes"

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    def expected_on(self, edition: str) -> dt.date | None:
        """Day on which the edition after ``edition`` is expected at the latest; None if none will come."""
        if self.meta.get("sans_suite"):
            return None
        days = CADENCES_DAYS[self.cadence] + self.meta["delai_attendu_jours"]
        return self.date_of(edition) + dt.timedelta(days=days)

    def date_of(self, edition: str) -> dt.date:
        """Day that an edition speaks of: the last of its period, or the contract's own (``au: '01-01'``).

        Raises ConfigurationError when no date can be read.
        """
        day = edition_date(edition)
        if month_and_day := self.meta["edition"].get("au"):
            return dt.date.fromisoformat(f"{day.year}-{month_and_day}")
        return day


@dataclass(frozen=True)
class Indicator:
    """One indicator: its code, its theme and the ``config.meta`` of its model."""

    code: str
    theme: str
    description: str
    meta: dict = field(hash=False, compare=False)


def edition_date(edition: str) -> dt.date:
    """Last day of the period that an edition speaks of.

    ``2024`` → 31 December 2024; ``2026-03`` → 31 March; ``2025-06-30`` → that day; of a range
    (``1975-2024``) the end counts. Raises ConfigurationError when no date can be read.
    """
    try:
        if match := re.search(r"(\d{4})-(\d{2})-(\d{2})$", edition):
            return dt.date(*map(int, match.groups()))
        if match := re.search(r"(?<!\d)(\d{4})-(\d{2})$", edition):
            year, month = map(int, match.groups())
            return dt.date(year, month, monthrange(year, month)[1])
        if match := re.search(r"(\d{4})(?!\d)(?!.*\d{4})", edition):
            return dt.date(int(match.group(1)), 12, 31)
    except ValueError as error:  # 2026-13-45 is written as a date, and is none
        raise ConfigurationError(
            f"édition « {edition} » : cette date n'existe pas. Corriger l'année, le mois ou le jour."
        ) from error
    raise ConfigurationError(
        f"édition « {edition} » : aucune date n'y est lisible. Attendu AAAA, AAAA-MM ou AAAA-MM-JJ."
    )


def read_yaml(path: Path) -> dict:
    """Parse one YAML file with libyaml (the pure Python parser is ten times slower)."""
    with path.open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}


def _meta(node: dict) -> dict:
    return (node.get("config") or {}).get("meta") or {}


def _column(node: dict) -> Column:
    meta = _meta(node)
    bounds = meta.get("bornes")
    return Column(
        name=node["name"],
        description=node.get("description", ""),
        header=meta.get("entete", node["name"]),
        pattern=meta.get("motif"),
        sentinels=tuple(str(s) for s in meta.get("sentinelles", ())),
        mandatory=meta.get("obligatoire", False),
        required=meta.get("requise", True),
        single_value=meta.get("valeur_unique", False),
        bounds=(bounds[0], bounds[1]) if bounds else None,
        personal=meta.get("personnelle", False),
        pseudonym=meta.get("pseudonyme", False),
    )


@lru_cache(maxsize=4)
def load_sources(models: Path = MODELS) -> dict[str, Source]:
    """Every source table by id (``ameli.patients_longueduree_annuelle``), in the catalogue's order."""
    sources: dict[str, Source] = {}
    for path in sorted(models.glob("staging/*/_*__sources.yml")):
        for group in read_yaml(path).get("sources", []):
            shared = _meta(group)
            if "portail" not in shared:
                continue  # the warehouse's own registers are not fetched
            for table in group["tables"]:
                source_id = f"{group['name']}.{table['name']}"
                sources[source_id] = Source(
                    id=source_id,
                    producer=group["name"],
                    table=table["name"],
                    producer_name=shared["producteur"],
                    portal=_meta(table).get("portail", shared["portail"]),
                    description=table.get("description", ""),
                    columns=tuple(_column(c) for c in table["columns"]),
                    meta=_meta(table),
                )
    return sources


def fetched_sources() -> list[str]:
    """Ids of the sources that a night asks a portal for."""
    return [source.id for source in load_sources().values() if not source.is_deposited]


def get_source(source_id: str) -> Source:
    """The source of that id; raises ConfigurationError with the known ids."""
    sources = load_sources()
    if source_id not in sources:
        raise ConfigurationError(
            f"source inconnue du catalogue : « {source_id} ». Connues : {', '.join(sources)}."
        )
    return sources[source_id]


@lru_cache(maxsize=4)
def load_indicators(models: Path = MODELS) -> dict[str, Indicator]:
    """Every indicator by code, from ``indicators/<theme>/ind_<code>.yml``."""
    indicators: dict[str, Indicator] = {}
    for path in sorted(models.glob("indicators/*/ind_*.yml")):
        for model in read_yaml(path)["models"]:
            code = model["name"].removeprefix("ind_")
            indicators[code] = Indicator(
                code=code,
                theme=path.parent.name,
                description=model.get("description", ""),
                meta=_meta(model),
            )
    return indicators
