"""The state of every source, as an operator reads it."""

from collections.abc import Iterator

from acces_soins import landing, ledger
from acces_soins.catalog import Source, load_sources
from acces_soins.settings import get_settings


def source_states() -> Iterator[tuple[str, ...]]:
    """(source, edition, editions, next expected, last success, last failure and why), as text."""
    events = ledger.read(ledger.EXTRACTIONS)
    for source in load_sources().values():
        own = [event for event in events if event["source"] == source.id]
        success = _last(own, ledger.SUCCESSES)
        failure = _last(own, ledger.FAILURES)
        yield (
            source.id,
            *_edition(source),
            _when(success),
            f"{_when(failure)} — {failure['phrase']}" if failure else "—",
        )


def _edition(source: Source) -> tuple[str, str, str]:
    counted = landing.counting(source)
    if not counted:
        return "jamais reçue", "0", "—"
    edition, kept = counted[-1].edition, str(len(landing.manifests(source)))
    due = source.expected_on(edition)
    if due is None:
        return edition, kept, "aucune"
    delay = (get_settings().today - due).days
    late = f" (en retard de {delay} jours)" if delay > 0 else ""
    return edition, kept, f"{due:%d/%m/%Y}{late}"


def _last(events: list[dict], kinds: tuple[str, ...]) -> dict | None:
    return next((event for event in reversed(events) if event["resultat"] in kinds), None)


def _when(event: dict | None) -> str:
    return event["inscrit_le"][:16].replace("T", " ") if event else "—"
