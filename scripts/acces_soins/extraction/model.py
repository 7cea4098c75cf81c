"""What goes in and comes out of an extraction."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

from acces_soins.catalog import Source
from acces_soins.errors import PortalError
from acces_soins.extraction.body import DEFAULT_MAX_MB, Expected
from acces_soins.extraction.sentences import NotFound


class Previous(Protocol):
    """What an extraction needs of the manifest of the last good edition."""

    url: str | None
    etag: str | None
    last_modified: str | None
    producer_date: str | None
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True)
class Unchanged:
    """The portal holds what was already received; ``reason`` says how it is known, in French.

    Attributes:
        name, producer_date: what the portal says today of those very bytes, where it gives their hash.
    """

    reason: str
    name: str | None = None
    producer_date: str | None = None


@dataclass(frozen=True)
class Download:
    """A file as received, not yet read.

    Attributes:
        path: the file, in the folder given to ``fetch``, under the name that the portal gives it.
        url: the address asked for (that of the replica on trial data).
        etag, last_modified: headers of the answer, as sent.
        licence: as read from the portal, else that of the contract.
        producer_date: the producer's own date of the data, ISO 8601.
        announced_rows: number of rows that the portal announces, where it does.
    """

    path: Path
    url: str
    etag: str | None = None
    last_modified: str | None = None
    licence: str | None = None
    producer_date: str | None = None
    announced_rows: int | None = None


def expected_of(source: Source) -> Expected:
    """What the file of a source may be: its limit (``taille_max_mo``, 10^6 bytes) and its format."""
    limit = source.meta.get("taille_max_mo", DEFAULT_MAX_MB)
    return Expected(limit * 1_000_000, is_json="json" in source.format)


@contextmanager
def named_by(source: Source, key: str) -> Iterator[None]:
    """What to do when the address that ``key`` of the contract makes is no more on the portal."""
    try:
        yield
    except NotFound as error:
        raise PortalError(
            f"{error.url} : le portail répond {error.status}{error.said}, « {source.meta[key]} » n'y est pas "
            f"ou plus (renommé, retiré) ; le chercher dans le catalogue de {source.portal} et corriger "
            f"« {key} » de {source.id} (_{source.producer}__sources.yml)."
        ) from error


def plain(text: str) -> str:
    """``text`` without accents, in lower case: what ``piece`` patterns are matched against."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


def file_name(address: str) -> str:
    """Last segment of an address, safe as a file name (never empty, never hidden)."""
    name = PurePosixPath(unquote(urlsplit(address).path)).name or urlsplit(address).netloc
    return re.sub(r"[^\w.()' -]", "_", name).lstrip(". ") or "fichier"
