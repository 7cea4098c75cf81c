"""The only module that talks HTTP: one client, its addresses, conditional requests."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import httpx

from acces_soins.extraction import body, policy, sentences
from acces_soins.extraction.body import Expected
from acces_soins.settings import Settings, get_settings

USER_AGENT = "acces-soins/0.1"
METADATA_BYTES = 50_000_000
ANYTHING = Expected()
T = TypeVar("T")


class Known(Protocol):
    """What is known of the file already received: its validators and its size."""

    etag: str | None
    last_modified: str | None
    bytes: int


@dataclass(frozen=True)
class NotModified:
    """The portal says that the file is the one already received."""

    url: str


@dataclass(frozen=True)
class Downloaded:
    """A whole file on disk, and its validators."""

    path: Path
    url: str
    etag: str | None
    last_modified: str | None


def rebase(url: str, settings: Settings) -> str:
    """The address to ask: the real one, or on trial data ``{replique}/{host}{path}``."""
    replica = settings.replique.rstrip("/")
    if not settings.is_trial or url.startswith(f"{replica}/"):
        return url
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{replica}/{parts.netloc}{parts.path}{query}"


def get_json(url: str) -> dict:
    """The JSON object at ``url``; raises PortalError (down, refused, not a JSON object)."""
    return json_object(get_bytes(url), url)


def get_bytes(url: str, limit: int = METADATA_BYTES) -> bytes:
    """A JSON answer as sent, at most ``limit`` bytes; raises PortalError (down, refused, a page)."""

    def ask() -> bytes:
        with _open(url, {"Accept": "application/json"}) as response:
            _check_status(response, url)
            content = body.read(response, url, limit)
            if not content:
                raise sentences.empty(url)
            if body.media_type(response) in body.HTML_TYPES or body.looks_like_html(content[:1024]):
                raise sentences.html_error(url)
            return content

    return _asked(ask, url)


def json_object(content: bytes, url: str) -> dict:
    """Parse a JSON answer; raises PortalError with the portal's own words when it is an error."""
    found = body.small_json(content)
    if not isinstance(found, dict):
        raise sentences.not_json(url)
    if sentences.is_portal_error(found):
        raise sentences.json_error(url, content)
    return found


def download(
    url: str,
    folder: Path,
    filename: str,
    expected: Expected = ANYTHING,
    known: Known | None = None,
) -> NotModified | Downloaded:
    """Stream the file at ``url`` into ``folder/filename``.

    Args:
        known: the file already received from this address; the request is then conditional.

    Raises PortalError (down, refused, too big, too slow, an error or nothing in place of the file,
    truncated body, no room on disk) and leaves nothing in the folder.
    """

    def ask() -> NotModified | Downloaded:
        if conditions := _conditions(known):
            with _open(url, conditions) as response:
                if _is_known(response, known):
                    return NotModified(url)
                if response.status_code != 304:
                    return _receive(response, url, folder, filename, expected)
        # Never asked, or a 304 whose date belies it: the whole file, without conditions.
        with _open(url, {}) as response:
            return _receive(response, url, folder, filename, expected)

    return _asked(ask, url)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Certificates are read once: that is most of the cost of a client."""
    return httpx.create_ssl_context()


@contextmanager
def _open(url: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
    settings, patience = get_settings(), policy.POLICY
    client = httpx.Client(
        verify=_tls(),
        http1=True,
        http2=False,
        follow_redirects=True,
        max_redirects=patience.max_redirects,
        timeout=httpx.Timeout(patience.read_timeout_s, connect=patience.connect_timeout_s),
        # The bytes as the producer keeps them: sizes and checksums speak of those.
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        # A proxy knows nothing of the replica, which is on this machine.
        trust_env=not settings.is_trial,
        event_hooks={"request": [_stay_on_replica] if settings.is_trial else []},
    )
    with client, client.stream("GET", url, headers=headers) as response:
        yield response


def _stay_on_replica(request: httpx.Request) -> None:
    """A redirect must not take trial data out to a real portal."""
    replica, asked = httpx.URL(get_settings().replique), request.url
    # Its certificate that nobody trusts is beside it, on the same machine.
    untrusted = asked.scheme == "https" and asked.host == replica.host
    if (asked.host, asked.port) != (replica.host, replica.port) and not untrusted:
        raise sentences.portal_error(
            str(request.url),
            "adresse hors de la réplique locale, refusée sur données d'essai",
            "corriger la redirection de la réplique",
        )


def _asked(ask: Callable[[], T], url: str) -> T:
    try:
        return policy.with_retries(ask, url)
    except (policy.Busy, httpx.HTTPError, httpx.InvalidURL) as error:
        raise sentences.explain(error, url) from error


def _check_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status == 429 or status >= 500:
        raise policy.Busy(response)
    if not response.is_success:
        raise sentences.refused_status(url, status, body.read_start(response))


def _conditions(known: Known | None) -> dict[str, str]:
    if known is None:
        return {}
    validators = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in validators.items() if value}


def _is_known(response: httpx.Response, known: Known) -> bool:
    """Whether the answer is about the file already received, no other signal denying it.

    A portal that ignores conditions may still send the same validators: no need of the body then.
    """
    dates = {response.headers.get("last-modified"), known.last_modified} - {None}
    if len(dates) > 1:
        return False
    if response.status_code != 200:
        return response.status_code == 304
    length, sent = response.headers.get("content-length", ""), response.headers.get("etag")
    if length.isdecimal() and int(length) != known.bytes:
        return False
    if known.etag and sent:
        return sent.removeprefix("W/") == known.etag.removeprefix("W/")
    return bool(known.last_modified) and response.headers.get("last-modified") == known.last_modified


def _receive(
    response: httpx.Response, url: str, folder: Path, filename: str, expected: Expected
) -> Downloaded:
    _check_status(response, url)
    path = folder / filename
    body.save(response, path, url, expected)
    return Downloaded(path, url, response.headers.get("etag"), response.headers.get("last-modified"))
