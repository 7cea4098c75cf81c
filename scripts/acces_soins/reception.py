"""One way in for every file, fetched or deposited: read, checked, then landed or quarantined."""

import datetime as dt
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
from acces_soins.settings import get_settings
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
    """What became of a file: a new edition (or bytes that count again), or bytes that were already there.

    ``confirms``: the later edition for which its producer gave again the very bytes of ``manifest``.
    """

    manifest: Manifest
    is_new: bool
    confirms: str | None = None


def receive(source: Source, arrival: Arrival, folder: Path, run: str) -> Verdict:
    """Land a file, or put it in quarantine and raise RefusedInput.

    ``arrival.path`` is consumed: it moves to the raw zone or to the quarantine.
    """
    if landed := landing.find(source, arrival.sha256):
        return _known(source, arrival, landed)
    table = folder / landing.TABLE
    try:
        manifest = _examine(source, arrival, table, run)
    except RefusedInput as refusal:
        landing.quarantine(source, arrival.path, refusal, arrival.download.url)
        table.unlink(missing_ok=True)
        raise
    return Verdict(landing.admit(source, manifest, arrival.path, table), is_new=True)


def confirmed_edition(
    source: Source, landed: Manifest, name: str | None, producer_date: str | None
) -> str | None:
    """The edition that the bytes of ``landed`` have today, where it is later than the one they came under.

    Only what stands outside a file can say it: its name, or the day of its upload.
    """
    return _later(source, landed, _edition_outside(source, name or "", producer_date))


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


def _known(source: Source, arrival: Arrival, landed: Manifest) -> Verdict:
    """Bytes that were received before: they count again, or they confirm what counts, or say nothing new."""
    arrival.path.unlink()
    if returned := landing.readmit(source, landed, landing.now()):
        return Verdict(returned, is_new=True)
    told = confirmed_edition(source, landed, arrival.path.name, arrival.download.producer_date)
    if arrival.edition:
        # Rows that say their own date confirm no other.
        dated = "date" in source.meta["edition"]
        told = None if dated else _later(source, landed, arrival.edition)
    return Verdict(landed, is_new=False, confirms=told)


def _later(source: Source, landed: Manifest, edition: str | None) -> str | None:
    """``edition`` if it is past and later than that of ``landed``, itself what counts last; else None."""
    last = landing.counting(source)[-1:]
    if edition is None or [manifest.sha256 for manifest in last] != [landed.sha256]:
        return None
    landing.check_edition(edition)
    return edition if landed.date < source.date_of(edition) <= _today() else None


def _examine(source: Source, arrival: Arrival, table: Path, run: str) -> Manifest:
    name = arrival.path.name
    request = readers.Request(source, arrival.path, name, arrival.aliases, arrival.absent)
    result = readers.read(request, table)
    _check_announced(name, arrival, result)
    edition = arrival.edition or edition_of(source, name, arrival, result, table)
    landing.check_edition(edition)
    _check_past(source, name, edition)
    _check_dated(source, name, edition, table)
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
    elif "marque" in rule:
        found = result.marker[rule["marque"]] if len(result.marker) > rule["marque"] else None
    else:
        found = _edition_outside(source, name, arrival.download.producer_date)
    if not found:
        raise RefusedInput(
            name,
            "nom, feuilles ou première ligne",
            f"de quoi lire l'édition ({rule})",
            ", ".join(result.sheets) or name,
            "Remettre le fichier avec --edition.",
        )
    return found


def _edition_outside(source: Source, name: str, producer_date: str | None) -> str | None:
    """The edition that a file's name or the producer's date says, by the contract; None if neither does."""
    rule = source.meta["edition"]
    if pattern := rule.get("fichier"):
        match = re.search(pattern, name)
        return "-".join(match.groups()) if match else None
    return (producer_date or "")[:10] or None if rule.get("date_producteur") else None


def _check_past(source: Source, name: str, edition: str) -> None:
    """An edition of a day to come would count last for years, and the archive removes nothing."""
    today = _today()
    if (day := source.date_of(edition)) > today:
        raise RefusedInput(
            name,
            f"édition {edition}",
            f"un jour passé, au plus tard le {today:%d/%m/%Y}",
            f"le {day:%d/%m/%Y}",
            "Corriger l'année ; une année qui n'est pas finie se nomme par le jour dont parlent les données "
            f"({today.isoformat()}).",
        )


def _today() -> dt.date:
    """The day of the machine, or that of the night that is played if it is later."""
    return max(get_settings().today, dt.date.today())


def _check_dated(source: Source, name: str, edition: str, table: Path) -> None:
    """A deposit is named after the last day of the column that ``edition: {date: …}`` tells."""
    column = source.meta["edition"].get("date")
    if column is None:
        return
    found = duckdb.execute(f'select max("{column}") from read_parquet({literal(table)})').fetchone()[0]
    # A corrected file is named after the day of its correction too: 2026-09-30-corrige-2026-11-02.
    if found not in edition and dt.date.fromisoformat(found) != source.date_of(edition):
        raise RefusedInput(
            name,
            f"colonne {column}",
            f"le {source.date_of(edition).isoformat()}, comme le dit l'édition « {edition} »",
            f"au plus tard le {found}",
            "Ranger le fichier sous l'édition dont il parle, ou corriger ses dates : une copie du dépôt "
            "précédent a souvent gardé les anciennes.",
        )


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
            arrival.path.name, failure.lieu, failure.attendu, failure.observe, failure.que_faire
        )
