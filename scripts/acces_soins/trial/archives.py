"""The past of the trial: the snapshots that an archive kept since three years would hold.

Portals overwrite these sets in place; a first night alone would show one quarter of them.
"""

import datetime as dt
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from acces_soins import landing, steps
from acces_soins.catalog import Source, load_indicators, load_sources
from acces_soins.deposits import Deposit
from acces_soins.progress import announce
from acces_soins.settings import get_settings
from acces_soins.trial.layouts import Extract, extract

QUARTERS = 12
QUARTER = dt.timedelta(days=92)


def deposit_past_snapshots(as_of: dt.date) -> int:
    """Deposit the last twelve quarters of every set that overwrites itself and feeds an indicator.

    Done once: a source that has an edition already is left alone. Returns the number of deposits.
    """
    useful = {
        source_id for indicator in load_indicators().values() for source_id in indicator.meta["sources"]
    }
    missing = [
        source
        for source in load_sources().values()
        if source.id in useful and _overwrites(source) and not landing.latest(source)
    ]
    if missing:
        announce(
            f"archives d'essai : {QUARTERS} trimestres d'instantanés pour {len(missing)} sources (une fois)"
        )
    return sum(_deposit(source, each) for source in missing for each in past_snapshots(source, as_of))


def fill_drop_box(as_of: dt.date) -> int:
    """Leave in the drop box what each partner would have sent by then; returns the number of files.

    The night takes them as it takes those of real partners; what was taken before is not left again.
    """
    left = 0
    for source in (s for s in load_sources().values() if s.is_deposited):
        shown = extract(source, as_of)
        if any(manifest.edition == shown.edition for manifest in landing.manifests(source)):
            continue
        path = get_settings().drop_box / source.id / shown.edition / shown.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(shown.bytes)
        # It arrived long ago: the box leaves alone what may still grow.
        os.utime(path, (shown.modified.timestamp(), shown.modified.timestamp()))
        left += 1
    return left


def past_snapshots(source: Source, as_of: dt.date) -> Iterator[Extract]:
    """The distinct extracts that the portal showed before ``as_of``, oldest first."""
    current = extract(source, as_of).edition
    seen = {current}
    for back in range(QUARTERS, 0, -1):
        snapshot = extract(source, as_of - back * QUARTER)
        if snapshot.edition not in seen:
            seen.add(snapshot.edition)
            yield snapshot


def _overwrites(source: Source) -> bool:
    return source.reads_every_edition and source.cadence != "annuelle"


def _deposit(source: Source, snapshot: Extract) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / snapshot.filename
        path.write_bytes(snapshot.bytes)
        steps.deposit(Deposit(source.id, path, snapshot.edition))
    return 1
