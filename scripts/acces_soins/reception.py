"""One way in for every file, fetched or deposited: read, checked, then landed or quarantined."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import duckdb

from acces_soins import landing, ledger, quality, readers
from acces_soins.catalog import Source, load_sources
from acces_soins.errors import ConfigurationError, RefusedInput
from acces_soins.extraction import Download
from acces_soins.landing import Manifest
from acces_soins.readers.model import ReadResult, kept_columns
from acces_soins.sql_text import literal


@dataclass(frozen=True)
class Arrival:
    """A file at the door, and what its giver declares of it; ``edition`` comes with a deposit only."""

    download: Download
    edition: str | None = None
    perimetre: str | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    absent: Sequence[str] = ()

    @property
    def path(self) -> Path:
        return self.download.path

    @cached_property
    def sha256(self) -> str:
        """Hash of the bytes that are judged."""
        return landing.sha256_of(self.path)


@dataclass(frozen=True)
class Verdict:
    """What became of a file: a new edition (or bytes that count again), or bytes that were already there."""

    manifest: Manifest
    is_new: bool


def receive(source: Source, arrival: Arrival, folder: Path, run: str) -> Verdict:
    """Land a file, or put it in quarantine and raise RefusedInput.

    ``arrival.path`` is consumed: it moves to the raw zone or to the quarantine.
    """
    if landed := landing.find(source, arrival.sha256):
        arrival.path.unlink()
        returned = landing.readmit(source, landed, landing.now())
        return Verdict(returned or landed, is_new=returned is not None)
    table = folder / landing.TABLE
    try:
        manifest = _examine(source, arrival, table, run)
    except RefusedInput as refusal:
        landing.quarantine(source, arrival.path, refusal, arrival.download.url)
        table.unlink(missing_ok=True)
        raise
    return Verdict(landing.admit(source, manifest, arrival.path, table), is_new=True)


def last_checks() -> list[dict]:
    """What was checked of the last file judged of each source, landed or refused, by source.

    Of a file that is not public, or that speaks of persons, the verdicts alone may be published.
    """
    last = {event["source"]: event["controles"] for event in ledger.read(ledger.ENTRANCE_CHECKS)}
    return [
        row | {"reserve": row["reserve"] or source.is_deposited or source.has_persons}
        for source in load_sources().values()
        for row in last.get(source.id, ())
    ]


def copy_in(file: Path, folder: Path) -> Path:
    """A private copy of a deposited file: what was given is never moved nor changed."""
    if not file.is_file():
        raise ConfigurationError(f"{file} : fichier introuvable. Vérifier le chemin.")
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(file, folder / file.name))


def _examine(source: Source, arrival: Arrival, table: Path, run: str) -> Manifest:
    name = arrival.path.name
    request = readers.Request(source, arrival.path, name, arrival.aliases, arrival.absent)
    result = readers.read(request, table)
    _check_announced(name, arrival, result)
    edition = arrival.edition or edition_of(source, name, arrival, result, table)
    landing.check_edition(edition)
    _check_landing(source, arrival, table, run)
    return Manifest(
        source=source.id,
        edition=edition,
        fichier=name,
        sha256=arrival.sha256,
        bytes=arrival.path.stat().st_size,
        url=arrival.download.url,
        fetched_at=landing.now(),
        etag=arrival.download.etag,
        last_modified=arrival.download.last_modified,
        licence=arrival.download.licence or source.meta.get("licence"),
        producer_date=arrival.download.producer_date,
        encoding=result.encoding,
        separator=result.separator,
        rows=result.rows,
        columns=tuple(kept_columns(source)),
        unexpected=result.unexpected,
        perimetre=arrival.perimetre,
        aliases=arrival.aliases,
        absent=tuple(arrival.absent),
    )


def edition_of(source: Source, name: str, arrival: Arrival, result: ReadResult, table: Path) -> str:
    """The period that a file speaks of, found where the contract says (``edition:``).

    Raises RefusedInput when it is not there.
    """
    rule = source.meta["edition"]
    if fixed := rule.get("fixe"):
        return str(fixed)  # it stands beside the address of that vintage, and changes with it
    if column := rule.get("colonne"):
        return duckdb.execute(f'select max("{column}") from read_parquet({literal(table)})').fetchone()[0]
    if pattern := rule.get("feuille"):
        years = [match.group(1) for sheet in result.sheets if (match := re.search(pattern, sheet.strip()))]
        found = max(years, default=None)
    elif pattern := rule.get("fichier"):
        match = re.search(pattern, name)
        found = "-".join(match.groups()) if match else None
    elif rule.get("date_producteur"):
        found = (arrival.download.producer_date or "")[:10]
    else:
        found = result.marker[rule["marque"]] if len(result.marker) > rule["marque"] else None
    if not found:
        raise RefusedInput(
            name,
            "nom, feuilles ou première ligne",
            f"de quoi lire l'édition ({rule})",
            ", ".join(result.sheets) or name,
            "Remettre le fichier avec --edition.",
        )
    return found


def _check_announced(name: str, arrival: Arrival, result: ReadResult) -> None:
    if arrival.download.announced_rows is not None and arrival.download.announced_rows != result.rows:
        raise RefusedInput(
            name,
            "fichier entier",
            f"{arrival.download.announced_rows} lignes, comme le portail l'annonce",
            f"{result.rows} lignes",
            "L'export est tronqué ou le portail est en cours de mise à jour : réessayer plus tard.",
        )


def _check_landing(source: Source, arrival: Arrival, table: Path, run: str) -> None:
    counted = landing.counting(source)
    previous = counted[-1] if counted else None
    results = quality.check_landing(
        source,
        table,
        arrival.path.name,
        previous_parquet=previous.table if previous else None,
        run=run,
        perimetre=arrival.perimetre,
        previous_edition=previous.edition if previous else None,
    )
    rows = quality.as_rows(results, quality.ENTRANCE)
    judged = {"source": source.id, "fichier": arrival.path.name, "sha256": arrival.sha256}
    ledger.append(ledger.ENTRANCE_CHECKS, {"nuit": run, **judged, "controles": rows})
    if failure := quality.first_critical(results):
        raise RefusedInput(
            arrival.path.name, failure.controle, failure.attendu, failure.observe, "", failure.phrase
        )
