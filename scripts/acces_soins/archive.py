"""What an arrival means for a series that its producer overwrites: the next period, a revision, a gap.

Everything here is computed from the chained manifests: nothing is stored twice.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from enum import StrEnum

from acces_soins import landing, ledger
from acces_soins.catalog import CADENCES_MONTHS, Source, load_sources
from acces_soins.landing import Manifest


class Nature(StrEnum):
    """What an edition is to those that arrived before it."""

    FIRST = "premiere"
    NEXT = "suite"
    SKIP = "saut"
    REVISION = "revision"
    BACKWARDS = "recul"
    COMPLEMENT = "complement"


# What an operator must hear of; the others are the ordinary course.
NOTEWORTHY = (Nature.SKIP, Nature.REVISION, Nature.BACKWARDS)


def nature(source: Source, arrived: Manifest, before: Sequence[Manifest]) -> Nature:
    """Nature of an edition, given the manifests that arrived before it."""
    if not before:
        return Nature.FIRST
    if any(manifest.edition == arrived.edition for manifest in before):
        return Nature.REVISION
    latest = max(manifest.date for manifest in before)
    if arrived.date < latest:
        return Nature.COMPLEMENT if arrived.was_deposited else Nature.BACKWARDS
    return Nature.SKIP if skipped(source, latest, arrived.date) else Nature.NEXT


def natures(source: Source) -> list[tuple[Manifest, Nature]]:
    """Every landed edition with its nature, in the order of arrival."""
    arrived = landing.manifests(source)
    return [(manifest, nature(source, manifest, arrived[:rank])) for rank, manifest in enumerate(arrived)]


def skipped(source: Source, after: dt.date, before: dt.date) -> list[dt.date]:
    """Ends of the periods strictly between two editions: snapshots that nobody can give back.

    Only for a series of snapshots: an annual file holds its past, and an upload date is no period.
    """
    if not (source.reads_every_edition and "colonne" in source.meta["edition"]):
        return []
    step = CADENCES_MONTHS[source.cadence]
    found, day = [], _months_later(after, step)
    while day < before:
        found.append(day)
        day = _months_later(day, step)
    return found


def missing_periods(source: Source) -> list[dt.date]:
    """Periods between the first and the last edition that the archive does not hold."""
    days = sorted({manifest.date for manifest in landing.manifests(source)})
    return [day for sooner, later in itertools.pairwise(days) for day in skipped(source, sooner, later)]


def earlier(source: Source, arrived: Manifest) -> list[Manifest]:
    """The manifests that arrived before this one."""
    return [manifest for manifest in landing.manifests(source) if manifest.rang < arrived.rang]


def confirmations() -> dict[str, str]:
    """« source/edition » that counts → the later edition for which its producer gave the same bytes again."""
    events = (event for event in ledger.read(ledger.EXTRACTIONS) if "confirme" in event)
    told = {event["source"]: event["confirme"] for event in events}
    found = {}
    for source in (source for source in load_sources().values() if source.id in told):
        for manifest in landing.counting(source)[-1:]:
            if manifest.sha256 == told[source.id]["sha256"]:
                found[f"{source.id}/{manifest.edition}"] = told[source.id]["edition"]
    return found


def new_columns(arrived: Manifest, before: Sequence[Manifest]) -> list[str]:
    """Headers that neither the contract nor the file that arrived before has; none on a first arrival."""
    known = set(before[-1].unexpected) if before else set(arrived.unexpected)
    return [name for name in arrived.unexpected if name not in known]


def describe(source: Source, arrived: Manifest, kind: Nature, before: Sequence[Manifest]) -> str:
    """« édition 2025-06-30, 120 lignes », and what is unusual about it to those that arrived before."""
    told = f"édition {arrived.edition}, {arrived.rows} lignes{_unusual(source, arrived, kind, before)}"
    names = ", ".join(new_columns(arrived, before))
    return f"{told} ; hors contrat, gardé dans le fichier d'origine : {names}" if names else told


def _unusual(source: Source, arrived: Manifest, kind: Nature, before: Sequence[Manifest]) -> str:
    if kind is Nature.REVISION:
        return " : révision, le contenu de cette édition a changé (l'ancien est gardé)"
    if kind is Nature.BACKWARDS:
        latest = max(before, key=lambda manifest: manifest.date)
        return f" : recul, le portail publie moins récent que l'édition {latest.edition} déjà reçue"
    if kind is Nature.SKIP:
        lost = skipped(source, max(manifest.date for manifest in before), arrived.date)
        days = ", ".join(day.isoformat() for day in lost)
        return f" : saut, {days} n'a pas été reçu ; le demander au producteur et le déposer"
    return ""


def _months_later(day: dt.date, months: int) -> dt.date:
    """The last day of the month that is so many months later."""
    count = day.year * 12 + day.month - 1 + months + 1
    return dt.date(count // 12, count % 12 + 1, 1) - dt.timedelta(days=1)
