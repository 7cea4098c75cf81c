"""How long to wait for a portal, how often to ask it again, when it is too slow or too big."""

import email.utils
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import httpx
import tenacity

logger = logging.getLogger(__name__)

TRANSIENT = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
T = TypeVar("T")


@dataclass(frozen=True)
class Policy:
    """Patience: seconds and bytes everywhere.

    A read timeout alone lets one byte now and then hold a night: a body must also bring
    ``slowest_bytes_per_s`` over each ``window_s``, and be whole before ``longest_download_s``.
    """

    attempts: int = 4
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    longest_retry_after_s: float = 120.0
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    window_s: float = 60.0
    slowest_bytes_per_s: int = 2_000
    longest_download_s: float = 3600.0
    max_redirects: int = 5
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


POLICY = Policy()


class Busy(Exception):
    """Status 429 or 5xx; ``wait_s`` is what Retry-After asks for."""

    def __init__(self, response: httpx.Response):
        self.status = response.status_code
        self.wait_s = _retry_after(response.headers.get("retry-after"))
        super().__init__(f"status {self.status}")


def with_retries(ask: Callable[[], T], url: str) -> T:
    """The answer, asked for again while the failure may pass; raises the last failure as it is."""
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(POLICY.attempts),
        wait=_wait,
        retry=tenacity.retry_if_exception(_may_pass),
        before_sleep=lambda state: _log_retry(url, state),
        sleep=POLICY.sleep,
        reraise=True,
    )
    return retrying(ask)


def certificate_problem(error: BaseException) -> str | None:
    """What OpenSSL says of a certificate that it refused, behind an error of the client; else None."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return None


def iso_date(http_date: str | None) -> str | None:
    """``Tue, 03 Mar 2026 10:00:00 GMT`` → ``2026-03-03T10:00:00+00:00``; None if unreadable."""
    moment = _http_date(http_date)
    return moment.isoformat() if moment else None


class Pace:
    """Watches over a body that arrives: ``problem`` says in French why it must be given up, or None."""

    def __init__(self):
        self._start = self._window = POLICY.clock()
        self._in_window = 0

    def problem(self, received: int) -> str | None:
        """``received`` is the number of bytes since the last call."""
        now = POLICY.clock()
        if now - self._start > POLICY.longest_download_s:
            return f"téléchargement inachevé après {POLICY.longest_download_s / 60:.0f} minutes"
        self._in_window += received
        elapsed = now - self._window
        if elapsed < POLICY.window_s:
            return None
        if self._in_window < POLICY.slowest_bytes_per_s * elapsed:
            return f"réponse trop lente, {self._in_window} octets en {elapsed:.0f} secondes"
        self._window, self._in_window = now, 0
        return None


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, (*TRANSIENT, Busy)) and certificate_problem(error) is None


def _wait(state: tenacity.RetryCallState) -> float:
    """What the portal asks for, within reason; else exponential with jitter."""
    error = state.outcome.exception()
    if isinstance(error, Busy) and error.wait_s is not None:
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
