"""The body of an answer: bounded in size and time, decoded, refused when it is not the file."""

import gzip
import io
import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from acces_soins.extraction import sentences
from acces_soins.extraction.policy import Pace

CHUNK = 1 << 18
START = 1 << 16  # enough for a page or a message of error
DEFAULT_MAX_MB = 2_000
HTML_TYPES = {"text/html", "application/xhtml+xml"}
GZIP = {"gzip", "x-gzip"}


@dataclass(frozen=True)
class Expected:
    """What a source may send: at most ``max_bytes``, JSON or not."""

    max_bytes: int = DEFAULT_MAX_MB * 1_000_000
    is_json: bool = False


def save(response: httpx.Response, path: Path, url: str, expected: Expected) -> None:
    """Write the body beside ``path``, check it, then rename it; never leaves a partial file.

    Raises PortalError (too big, too slow, undecodable, empty, an error in place of the file, no room).
    """
    if media_type(response) in HTML_TYPES:
        raise sentences.html_error(url)
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write(part, response, url, expected.max_bytes)
            _check_start(part, response, url, expected)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise sentences.storage_error(error, path, url) from error


def read(response: httpx.Response, url: str, limit: int) -> bytes:
    """The whole body in memory, decoded; raises PortalError beyond ``limit`` bytes."""
    content = b"".join(_bounded(response, url, limit))
    if _is_gzip(response, url):
        with _undecodable(url), gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            content = stream.read(limit + 1)
    if len(content) > limit:
        raise sentences.too_big(url, None, limit)
    return content


def read_start(response: httpx.Response) -> bytes:
    """The first bytes of an answer that is known to be an error."""
    return next(response.iter_raw(), b"")


def media_type(response: httpx.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def looks_like_html(start: bytes) -> bool:
    return _text(start).lower().startswith((b"<!doctype", b"<html"))


def small_json(content: bytes) -> object:
    """The content of a JSON text that is whole; None otherwise."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def _write(part: Path, response: httpx.Response, url: str, limit: int) -> None:
    with part.open("wb") as stream:
        for chunk in _bounded(response, url, limit):
            stream.write(chunk)
    # A server may give the compression of a .gz file as its encoding: it sends the file itself.
    if not part.name.endswith(".gz.part") and _is_gzip(response, url):
        _inflate(part, url, limit)


def _bounded(response: httpx.Response, url: str, limit: int) -> Iterator[bytes]:
    """The bytes on the wire, as they come: a chunk size would hide a drip."""
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise sentences.too_big(url, int(announced), limit)
    pace, received = Pace(), 0
    for chunk in response.iter_raw():
        received += len(chunk)
        if received > limit:
            raise sentences.too_big(url, None, limit)
        if problem := pace.problem(len(chunk)):
            raise sentences.portal_error(url, problem, sentences.TELL)
        yield chunk


def _is_gzip(response: httpx.Response, url: str) -> bool:
    """Whether the body is compressed although it was asked as it is; refuses the other encodings."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in GZIP:
        return True
    if encoding not in ("identity", ""):
        raise sentences.broken_encoding(url, encoding, "codage qui n'a pas été demandé")
    return False


def _inflate(part: Path, url: str, limit: int) -> None:
    """Decompress a file in its place, stopping beyond ``limit`` bytes."""
    plain = part.with_name(f"{part.name}.clair")
    try:
        with _undecodable(url), gzip.open(part) as source, plain.open("wb") as target:
            while chunk := source.read(CHUNK):
                if target.tell() + len(chunk) > limit:
                    raise sentences.too_big(url, None, limit)
                target.write(chunk)
        shutil.move(plain, part)
    finally:
        plain.unlink(missing_ok=True)


@contextmanager
def _undecodable(url: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise sentences.broken_encoding(url, "gzip", str(error)) from error


def _check_start(part: Path, response: httpx.Response, url: str, expected: Expected) -> None:
    with part.open("rb") as stream:
        start = stream.read(START)
    if not start:
        raise sentences.empty(url)
    if looks_like_html(start):
        raise sentences.html_error(url)
    if not _text(start).startswith((b"{", b"[")):
        return
    content = small_json(start)
    is_error = sentences.is_portal_error(content)
    claims_json = media_type(response) == "application/json" or content is not None
    if is_error or (claims_json and not expected.is_json):
        raise sentences.json_error(url, start)


def _text(start: bytes) -> bytes:
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()
