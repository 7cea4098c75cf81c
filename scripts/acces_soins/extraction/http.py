"""The only module that talks HTTP: one client, bounded retries, and refusal of what is not a file."""

import email.utils
import errno
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import tenacity

from acces_soins.errors import PortalError
from acces_soins.settings import Settings, get_settings

logger = logging.getLogger(__name__)

USER_AGENT = "acces-soins/0.1"
CHUNK = 1 << 18
HTML_TYPES = {"text/html", "application/xhtml+xml"}
TRANSIENT = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class Policy:
    """How long to wait and how often to ask again; seconds everywhere."""

    attempts: int = 4
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    longest_retry_after_s: float = 120.0
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    max_redirects: int = 5
    sleep: Callable[[float], None] = time.sleep


POLICY = Policy()
T = TypeVar("T")


@dataclass(frozen=True)
class NotModified:
    """The portal says that the file is the one already received."""

    url: str


@dataclass(frozen=True)
class Downloaded:
    """A whole file on disk; ``content_length`` is the number of bytes announced, if it was."""

    path: Path
    url: str
    etag: str | None
    last_modified: str | None
    content_length: int | None
    filename: str


class _Busy(Exception):
    """Status 429 or 5xx; ``wait_s`` is what Retry-After asks for."""

    def __init__(self, response: httpx.Response):
        self.status = response.status_code
        self.wait_s = _retry_after(response.headers.get("retry-after"))
        super().__init__(f"status {self.status}")


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

    def ask() -> dict:
        with _client() as client:
            response = client.get(url, headers={"Accept": "application/json"})
            _check_status(response, url)
            return _json_object(response, url)

    return _with_retries(ask, url)


def download(
    url: str,
    folder: Path,
    filename: str,
    etag: str | None = None,
    last_modified: str | None = None,
) -> NotModified | Downloaded:
    """Stream the file at ``url`` into ``folder/filename``.

    Args:
        etag, last_modified: those of the file already received; the request is then conditional.

    Raises PortalError (down, refused, HTML page, empty or truncated body, no room on disk) and
    leaves nothing in the folder.
    """

    def ask() -> NotModified | Downloaded:
        return _download_once(url, folder, filename, etag, last_modified)

    return _with_retries(ask, url)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Certificates are read once: that is most of the cost of a client."""
    return httpx.create_ssl_context()


def _client() -> httpx.Client:
    settings = get_settings()
    return httpx.Client(
        verify=_tls(),
        http1=True,
        http2=False,
        follow_redirects=True,
        max_redirects=POLICY.max_redirects,
        timeout=httpx.Timeout(POLICY.read_timeout_s, connect=POLICY.connect_timeout_s),
        # The bytes as the producer keeps them: sizes and checksums speak of those.
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        # A proxy knows nothing of the replica, which is on this machine.
        trust_env=not settings.is_trial,
        event_hooks={"request": [_stay_on_replica] if settings.is_trial else []},
    )


def _stay_on_replica(request: httpx.Request) -> None:
    """A redirect must not take trial data out to a real portal."""
    replica = httpx.URL(get_settings().replique)
    if (request.url.host, request.url.port) != (replica.host, replica.port):
        raise _portal_error(
            str(request.url),
            "adresse hors de la réplique locale, refusée sur données d'essai",
            "corriger la redirection de la réplique",
        )


def _with_retries(ask: Callable[[], T], url: str) -> T:
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(POLICY.attempts),
        wait=_wait,
        retry=tenacity.retry_if_exception_type((*TRANSIENT, _Busy)),
        before_sleep=lambda state: _log_retry(url, state),
        sleep=POLICY.sleep,
        reraise=True,
    )
    try:
        return retrying(ask)
    except (_Busy, httpx.HTTPError, httpx.InvalidURL) as error:
        raise _explain(error, url) from error


def _wait(state: tenacity.RetryCallState) -> float:
    """What the portal asks for, within reason; else exponential with jitter."""
    error = state.outcome.exception()
    if isinstance(error, _Busy) and error.wait_s is not None:
        return min(error.wait_s, POLICY.longest_retry_after_s)
    backoff = tenacity.wait_exponential_jitter(
        initial=POLICY.first_wait_s, max=POLICY.longest_wait_s, jitter=POLICY.first_wait_s
    )
    return backoff(state)


def _log_retry(url: str, state: tenacity.RetryCallState) -> None:
    logger.warning(
        "%s: attempt %d failed (%r), next in %.1f s",
        url,
        state.attempt_number,
        state.outcome.exception(),
        state.next_action.sleep,
    )


def _retry_after(value: str | None) -> float | None:
    """Seconds asked for by Retry-After (a number or an HTTP date); None if absent or unreadable."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    moment = _http_date(value)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0) if moment else None


def _http_date(value: str | None) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso_date(http_date: str | None) -> str | None:
    """``Tue, 03 Mar 2026 10:00:00 GMT`` → ``2026-03-03T10:00:00+00:00``; None if unreadable."""
    moment = _http_date(http_date)
    return moment.isoformat() if moment else None


def _download_once(
    url: str, folder: Path, filename: str, etag: str | None, last_modified: str | None
) -> NotModified | Downloaded:
    conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    headers = {name: value for name, value in conditions.items() if value}
    with _client() as client, client.stream("GET", url, headers=headers) as response:
        if headers and (response.status_code == 304 or _same_version(response, etag, last_modified)):
            return NotModified(url)
        _check_status(response, url)
        if _media_type(response) in HTML_TYPES:
            raise _html_error(url)
        path = folder / filename
        _stream_to(path, response, url)
        announced = response.headers.get("content-length", "")
        return Downloaded(
            path=path,
            url=url,
            etag=response.headers.get("etag"),
            last_modified=response.headers.get("last-modified"),
            content_length=int(announced) if announced.isdecimal() else None,
            filename=filename,
        )


def _same_version(response: httpx.Response, etag: str | None, last_modified: str | None) -> bool:
    """A portal that ignores conditions may still send the same validators: no need of the body."""
    if response.status_code != 200:
        return False
    sent = response.headers.get("etag")
    if etag and sent:
        return sent.removeprefix("W/") == etag.removeprefix("W/")
    return bool(last_modified) and response.headers.get("last-modified") == last_modified


def _stream_to(path: Path, response: httpx.Response, url: str) -> None:
    """Write the body beside ``path``, check it, then rename it; never leaves a partial file."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_body(part, response)
            _check_start(part, url)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _storage_error(error, path, url) from error


def _write_body(part: Path, response: httpx.Response) -> None:
    with part.open("wb") as stream:
        for chunk in response.iter_bytes(CHUNK):
            stream.write(chunk)


def _check_start(part: Path, url: str) -> None:
    with part.open("rb") as stream:
        start = stream.read(1024)
    if not start:
        raise _portal_error(
            url,
            "réponse vide à la place du fichier",
            "vérifier sur le portail que le jeu est publié, puis relancer l'extraction",
        )
    if _looks_like_html(start):
        raise _html_error(url)


def _looks_like_html(start: bytes) -> bool:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return text.startswith((b"<!doctype", b"<html"))


def _media_type(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status == 429 or status >= 500:
        raise _Busy(response)
    if not response.is_success:
        raise _portal_error(url, f"le portail répond {status}", _action_for(status))


def _json_object(response: httpx.Response, url: str) -> dict:
    if _media_type(response) in HTML_TYPES or _looks_like_html(response.content[:1024]):
        raise _html_error(url)
    try:
        content = response.json()
    except ValueError as error:
        raise _not_json(url) from error
    if not isinstance(content, dict):
        raise _not_json(url)
    return content


def _action_for(status: int) -> str:
    if status in (401, 403):
        return "vérifier que le portail est toujours ouvert sans clé d'accès"
    return "vérifier l'identifiant ou le chemin dans le catalogue des sources"


def _portal_error(url: str, what: str, action: str) -> PortalError:
    return PortalError(f"{url} : {what} ; {action}.")


def _html_error(url: str) -> PortalError:
    return _portal_error(
        url,
        "page HTML reçue à la place des données",
        "ouvrir l'adresse dans un navigateur (maintenance, ou adresse changée), puis relancer l'extraction",
    )


def _not_json(url: str) -> PortalError:
    return _portal_error(
        url,
        "la réponse n'est pas un objet JSON",
        "vérifier l'adresse de l'API dans le catalogue des sources",
    )


def _storage_error(error: OSError, path: Path, url: str) -> PortalError:
    if error.errno in NO_ROOM:
        return _portal_error(
            url,
            f"plus de place sur le disque pour écrire {path}",
            "libérer de la place, puis relancer l'extraction",
        )
    return _portal_error(
        url, f"écriture de {path} impossible ({error.strerror})", "vérifier les droits du dossier"
    )


def _explain(error: Exception, url: str) -> PortalError:
    """The sentence for what the network did, once every attempt has failed."""
    again = "relancer l'extraction plus tard"
    tries = f"{POLICY.attempts} tentatives"
    match error:
        case _Busy(status=429):
            return _portal_error(url, f"le portail demande d'attendre (429, {tries})", again)
        case _Busy():
            return _portal_error(url, f"le portail est en panne ({error.status}, {tries})", again)
        case httpx.RemoteProtocolError():
            # h11 counts the bytes: it raises this when fewer came than announced.
            return _portal_error(url, f"réponse tronquée, connexion coupée avant la fin ({tries})", again)
        case httpx.TimeoutException():
            return _portal_error(url, f"le portail ne répond pas à temps ({tries})", again)
        case httpx.NetworkError():
            what = f"connexion impossible : portail arrêté, nom inconnu ou certificat refusé ({tries})"
            return _portal_error(url, what, "vérifier le réseau et le portail, puis relancer l'extraction")
        case httpx.TooManyRedirects():
            what = f"plus de {POLICY.max_redirects} redirections"
            return _portal_error(url, what, _action_for(404))
    return _portal_error(url, "adresse ou réponse illisible", _action_for(404))
