"""INSEE's Melodi API: observations in pages of JSON, no key, thirty requests a minute."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from pyrate_limiter import Duration, InMemoryBucket, Rate, RateItem

from acces_soins import french
from acces_soins.catalog import Source
from acces_soins.extraction import http, policy, sentences
from acces_soins.extraction.model import Download, Previous, Unchanged, expected_of, named_by
from acces_soins.settings import get_settings

PAGE = 10_000  # observations a page; the contract's ``page`` says otherwise
# One bucket a process: a night that asks from several ones is held back by the portal's 429.
_BUCKET = InMemoryBucket([Rate(30, Duration.MINUTE)])


def fetch(source: Source, previous: Previous | None, folder: Path) -> Unchanged | Download:
    """Every page of a data set in one file, unless the catalogue's date of it did not move.

    The file holds the answers as received, one after another, each ended by a line feed: the same data
    asked in the same way make the same bytes, so one edition. Nothing is left when a page is missing.

    Raises PortalError (down, refused, pages that do not make the announced total, too big).
    """
    settings = get_settings()
    described = http.rebase(f"{source.portal}/melodi/catalog/{source.dataset}", settings)
    with named_by(source, "jeu"):
        producer_date = http.json_object(_ask(described), described).get("modified")
    url = http.rebase(_address(source), settings)
    if previous and producer_date and (previous.url, previous.producer_date) == (url, producer_date):
        return Unchanged(f"date du producteur inchangée ({producer_date})")
    path = folder / f"{source.dataset}.json"
    count = _save(source, url, path)
    licence = source.meta.get("licence")
    return Download(path, url, licence=licence, producer_date=producer_date, announced_rows=count)


def _address(source: Source) -> str:
    wanted = {**source.meta.get("parametres", {}), "maxResult": source.meta.get("page", PAGE)}
    query = urlencode({**wanted, "totalCount": "TRUE", "page": 1}, doseq=True)
    return f"{source.portal}/melodi/data/{source.dataset}?{query}"


def _save(source: Source, url: str, path: Path) -> int:
    """Write the pages and return the number of their observations; a failure leaves nothing."""
    part = path.with_name(f".{path.name}.part")
    limit = expected_of(source).max_bytes
    received = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as stream:
                for content, count in _pages(source, url):
                    if stream.tell() + len(content) > limit:
                        raise sentences.too_big(url, None, limit)
                    stream.write(content + b"\n")
                    received += count
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise sentences.storage_error(error, path, url) from error
    return received


def _pages(source: Source, first: str) -> Iterator[tuple[bytes, int]]:
    """(answer as sent, number of its observations); raises PortalError unless they make the total."""
    url, asked, received, announced = first, set(), 0, None
    while url and url not in asked:
        asked.add(url)
        content = _ask(url, min(http.METADATA_BYTES, expected_of(source).max_bytes))
        page = http.json_object(content, url)
        observations, paging = page.get("observations"), page.get("paging") or {}
        if not isinstance(observations, list):
            raise sentences.portal_error(url, "réponse sans liste « observations »", sentences.TELL)
        yield content, len(observations)
        received += len(observations)
        announced = paging.get("count", announced)
        url = _next(source, paging)
    if received != announced:
        total = "sans total annoncé" if announced is None else f"{announced} annoncées"
        said = f"{received} observations reçues en {french.counted(len(asked), 'page(s)')}, {total}"
        raise sentences.portal_error(first, said, sentences.TELL)


def _next(source: Source, paging: dict) -> str | None:
    """Address of the next page; raises PortalError when it leads elsewhere than to the same data set."""
    url = paging.get("next")
    if not url or paging.get("isLast"):
        return None
    if not url.startswith(f"{source.portal}/melodi/data/{source.dataset}?"):
        raise sentences.portal_error(url, "page suivante hors du jeu demandé", sentences.TELL)
    return http.rebase(url, get_settings())


def _ask(url: str, limit: int = http.METADATA_BYTES) -> bytes:
    """One answer, in its turn: the portal refuses more than thirty requests a minute."""
    while not _BUCKET.put(turn := RateItem("melodi", round(policy.POLICY.clock() * 1000))):
        policy.POLICY.sleep(_BUCKET.waiting(turn) / 1000)
    return http.get_bytes(url, limit)
