"""Retention: which editions of a daily stock keep their bytes. The manifests stay, all of them.

``archivage: toutes`` keeps every edition. ``archivage: fin_de_trimestre`` keeps the most recent one,
the last of each month and the one nearest to the end of each quarter.
"""

import datetime as dt
import shutil
from collections.abc import Iterator, Sequence

from acces_soins import landing, ledger, publication, releases
from acces_soins.catalog import Source, load_sources
from acces_soins.errors import ConfigurationError
from acces_soins.landing import Manifest
from acces_soins.settings import get_settings

KEPT_REPORTS = 60


def prune() -> int:
    """Remove the bytes that no rule keeps, old reports and old versions; returns the editions pruned."""
    _prune_reports()
    with publication.locked(wait=True):
        publication.prune(releases.pinned_versions())
    return sum(_prune(source) for source in load_sources().values())


def kept(manifests: Sequence[Manifest]) -> set[int]:
    """Ranks of the editions of a daily stock whose bytes stay."""
    if not manifests:
        return set()
    # Of two arrivals of one day the last one counts.
    by_day = sorted(manifests, key=lambda manifest: (manifest.date, manifest.rang))
    monthly = {(manifest.date.year, manifest.date.month): manifest for manifest in by_day}
    quarterly = [
        min(reversed(by_day), key=lambda manifest: abs(manifest.date - end))
        for end in _quarter_ends(by_day[0].date, by_day[-1].date)
    ]
    return {manifest.rang for manifest in [by_day[-1], *monthly.values(), *quarterly]}


def _prune(source: Source) -> int:
    rule = source.meta["archivage"]
    if rule == "toutes":
        return 0
    if rule != "fin_de_trimestre":
        raise ConfigurationError(
            f"{source.id} : archivage « {rule} » inconnu ; attendu toutes ou fin_de_trimestre."
        )
    landed = [manifest for manifest in landing.manifests(source) if manifest.keeps_bytes]
    staying = kept([manifest for manifest in landed if not manifest.pruned])
    leaving = [manifest for manifest in landed if manifest.rang not in staying]
    for manifest in leaving:
        landing.prune(source, manifest, "conservée une par mois et au plus près de chaque fin de trimestre")
    return len(leaving)


def _quarter_ends(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Quarter ends from the one before ``first`` to the one after ``last``, those included."""
    quarter = first.year * 4 + (first.month - 1) // 3
    while True:
        start = dt.date(quarter // 4, quarter % 4 * 3 + 1, 1)
        yield start - dt.timedelta(days=1)
        if start > last:
            return
        quarter += 1


def _prune_reports() -> None:
    """Keep the checks and the logs of the last nights, and the checks of the last deposits.

    The reports and the ledger stay. Apart: sixty files that a partner leaves in an hour would else take the
    pages of sixty nights away.
    """
    reports = get_settings().reports
    nights = {event["nuit"] for event in ledger.read(ledger.NIGHTS)}
    pages = sorted((reports / "controles").glob("*"))
    kinds = [[page for page in pages if (page.name in nights) is night] for night in (True, False)]
    kinds += [sorted((reports / "nuits").glob(names)) for names in ("*Z.log", "*.replique.log")]
    for kind in kinds:
        for old in kind[:-KEPT_REPORTS]:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
