"""The state of every source, as an operator reads it."""

from collections.abc import Iterator

from acces_soins import archive, french, landing, ledger
from acces_soins.catalog import Source, load_sources
from acces_soins.settings import get_settings

HEADERS = (
    "Source",
    "Édition",
    "Âge (cadence)",
    "Suivante attendue",
    "Archive",
    "Dernier succès (UTC)",
    "Dernier échec (UTC)",
)


def source_states() -> Iterator[tuple[str, ...]]:
    """One row of text per source, in the order of ``HEADERS``."""
    events, confirmed = _events(), archive.confirmations()
    for source in load_sources().values():
        own = events.get(source.id, [])
        yield (
            source.id,
            *_edition(source, confirmed),
            _archive(source),
            _when(_last(own, ledger.SUCCESSES)),
            _when(_last(own, ledger.FAILURES)),
        )


def last_failures() -> Iterator[str]:
    """The last failure of each source and why, the most recent first: a deposit may name no known source."""
    failed = [(source, own, _last(own, ledger.FAILURES)) for source, own in _events().items()]
    failed = [each for each in failed if each[2]]
    for source, own, failure in sorted(failed, key=lambda each: each[2]["inscrit_le"], reverse=True):
        success = _last(own, ledger.SUCCESSES)
        mended = ", réussie depuis" if success and success["inscrit_le"] > failure["inscrit_le"] else ""
        yield f"{source}, le {_when(failure)}{mended} : {failure['phrase']}"


def _events() -> dict[str, list[dict]]:
    """The extractions and deposits of each source, oldest first."""
    events: dict[str, list[dict]] = {}
    for event in ledger.read(ledger.EXTRACTIONS):
        events.setdefault(event["source"], []).append(event)
    return events


def _edition(source: Source, confirmed: dict[str, str]) -> tuple[str, str, str]:
    """Edition, its age against the cadence, and the day when the next one is due.

    ``confirmed``: « source/edition » → the later edition for which the same bytes came again.
    """
    counted = landing.counting(source)
    if not counted:
        return "jamais reçue", f"— ({source.cadence})", "—"
    received, today = counted[-1].edition, get_settings().today
    edition = confirmed.get(f"{source.id}/{received}", received)
    shown = received if edition == received else f"{received}, confirmée pour {edition}"
    age = f"{(today - source.date_of(edition)).days} j ({source.cadence})"
    due = source.expected_on(edition)
    if due is None:
        return shown, age, "aucune"
    delay = (today - due).days
    return shown, age, f"{due:%d/%m/%Y}{f' (en retard de {delay} jours)' if delay > 0 else ''}"


def _archive(source: Source) -> str:
    """« 8 éditions, 1 révision, manque 2025-03-31 »."""
    arrivals = archive.natures(source)
    if not arrivals:
        return "—"
    revisions = sum(kind is archive.Nature.REVISION for _, kind in arrivals)
    pruned = sum(manifest.pruned for manifest, _ in arrivals)
    missing = ", ".join(day.isoformat() for day in archive.missing_periods(source))
    told = [
        _count(len({manifest.edition for manifest, _ in arrivals}), "édition"),
        revisions and _count(revisions, "révision"),
        pruned and _count(pruned, "élaguée"),
        missing and f"manque {missing}",
    ]
    return ", ".join(part for part in told if part)


def _count(number: int, word: str) -> str:
    return f"{number} {french.agreed(f'{word}(s)', number)}"


def _last(events: list[dict], kinds: tuple[str, ...]) -> dict | None:
    return next((event for event in reversed(events) if event["resultat"] in kinds), None)


def _when(event: dict | None) -> str:
    return event["inscrit_le"][:16].replace("T", " ") if event else "—"
