"""Which period a portal shows on a given day, and when it was put there."""

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Iterator

from acces_soins.catalog import CADENCES_MONTHS, Source

FIRST_DAY = dt.date(2000, 1, 1)  # nothing of the trial is older
# A stock is dated a few days after the quarter that it closes, well within the 15 days allowed.
STOCK_DELAY = dt.timedelta(days=5)
UPLOAD_HOUR = dt.time(6, 0, tzinfo=dt.UTC)


def period_ends(step: int, before: dt.date, since: dt.date = FIRST_DAY) -> Iterator[dt.date]:
    """Ends of periods of ``step`` months from ``since`` to ``before``, the latest first."""
    for year in range(before.year, since.year - 1, -1):
        for month in range(12, 0, -step):
            day = dt.date(year, month, monthrange(year, month)[1])
            if since <= day <= before:
                yield day


def is_stock(source: Source) -> bool:
    """True for a register whose whole state is published (FINESS), not the figures of a period."""
    return source.meta.get("archivage") == "fin_de_trimestre"


def _year_of_path(source: Source) -> int | None:
    """Year of a file whose edition goes with its own address: it does not depend on the day."""
    if fixed := source.meta["edition"].get("fixe"):
        return int(fixed)
    pattern = source.meta["edition"].get("fichier")
    found = re.search(pattern, source.meta.get("chemin", "")) if pattern else None
    return int(found.group(1)) if found else None


def last_period(source: Source, as_of: dt.date) -> dt.date:
    """Last day of the period on show on that day; for a stock, the day of the stock."""
    if year := _year_of_path(source):
        return dt.date(year, 12, 31)
    if is_stock(source):
        return next(period_ends(3, as_of - STOCK_DELAY)) + STOCK_DELAY
    periods = period_ends(CADENCES_MONTHS[source.cadence], dt.date(as_of.year, 12, 31))
    return next(period for period in periods if _published_on(source, period) <= as_of)


def uploaded_at(source: Source, period: dt.date) -> dt.datetime:
    """When the producer put that period on its portal: the same instant on every night."""
    day = period if is_stock(source) else _published_on(source, period)
    return dt.datetime.combine(day, UPLOAD_HOUR)


def _published_on(source: Source, period: dt.date) -> dt.date:
    delay = dt.timedelta(days=source.meta["delai_attendu_jours"])
    return source.date_of(period.isoformat()) + delay
