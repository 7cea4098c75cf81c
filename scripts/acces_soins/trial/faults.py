"""What may go wrong with a source of the replica: the misdeeds of real portals, on demand.

A test sets them on the ``Portal`` that it serves; an operator rehearses them with a small YAML file
(see ``python -m acces_soins.trial.replica --help``).
"""

import datetime as dt
import gzip
import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from acces_soins.catalog import Column, Source, load_sources, read_yaml
from acces_soins.errors import ConfigurationError
from acces_soins.trial import untrusted

ERROR_PAGE = (
    "<!DOCTYPE html><html lang='fr'><body><h1>Le service est momentanément indisponible</h1></body></html>"
)
ERROR = {"error_code": "InternalError", "message": "Le service d'essai est momentanément indisponible"}
HUGE_BYTES = 10_000_000_000
BLOCK = bytes(1 << 20)
API_LIMIT = 100


class FaultKind(StrEnum):
    """What goes wrong; the value is the word that an operator writes."""

    # The whole of a source: its metadata and its file.
    DOWN = "panne_503"
    BUSY = "attente_429"
    BROKEN = "erreur_500"
    MISSING = "introuvable_404"
    GONE = "retire_410"
    # Its metadata.
    JSON_METADATA = "metadonnees_en_erreur_json"
    # Its file.
    HTML = "page_html"
    JSON_ERROR = "erreur_json"
    EMPTY = "vide"
    TRUNCATED = "coupure_a_60_pour_cent"  # fewer bytes than announced
    SHORT = "longueur_trop_courte"  # HTTP stops at the announced length: nothing seems to be missing
    SLOW = "pause"
    DRIP = "goutte_a_goutte"
    REDIRECT = "redirection"
    LOOP = "redirection_sans_fin"
    ASTRAY = "redirection_au_dehors"
    CERTIFICATE = "certificat_refuse"
    GZIP = "gzip"
    BAD_GZIP = "gzip_casse"
    HUGE_ANNOUNCED = "dix_go_annonces"
    HUGE = "sans_fin"
    LIMITED = "limite_de_100"
    LABELS = "libelles_en_entete"
    # What it says of its file.
    STALE = "etag_menteur"  # other bytes under the same ETag and dates
    TOUCHED = "etag_neuf"  # the same bytes under a new ETag and dates
    REPLACED = "remplacement"  # a later upload by the producer, whose bytes are ``change(bytes)``


class ErrorInstead(Exception):
    """Answered as a JSON error with status 200."""


STATUS = {
    FaultKind.DOWN: 503,
    FaultKind.BUSY: 429,
    FaultKind.BROKEN: 500,
    FaultKind.MISSING: 404,
    FaultKind.GONE: 410,
}
REWRITTEN = (FaultKind.STALE, FaultKind.TOUCHED, FaultKind.REPLACED)


@dataclass
class Fault:
    """A fault of one source; ``times`` limits it to the first requests (None: for ever).

    Attributes:
        retry_after: seconds that a busy portal asks for, as an HTTP date if ``as_date``.
        delay: seconds of a pause, or between two bytes of a drip.
    """

    kind: FaultKind
    times: int | None = None
    retry_after: int = 1
    as_date: bool = False
    delay: float = 10.0
    change: Callable[[bytes], bytes] | None = None

    def strikes(self) -> bool:
        """True if the fault hits this request; counts it."""
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0

    @property
    def hits_everything(self) -> bool:
        return self.kind in STATUS

    @property
    def hits_the_file(self) -> bool:
        return not self.hits_everything and self.kind not in (*REWRITTEN, FaultKind.JSON_METADATA)

    def error(self) -> HTTPException:
        """The answer of a fault that hits the whole of a source."""
        status = STATUS[self.kind]
        if status not in (429, 503):
            return HTTPException(status)
        later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.retry_after)
        asked = format_datetime(later, usegmt=True) if self.as_date else str(self.retry_after)
        return HTTPException(status, headers={"Retry-After": asked})

    def rewrite(self, content: bytes) -> bytes:
        """The bytes on show."""
        if self.kind is FaultKind.TOUCHED:
            return content
        return self.change(content) if self.change else other_bytes(content)


def read_faults(path: Path) -> dict[str, Fault]:
    """Faults by source from ``{source: kind}`` or ``{source: {panne: kind, fois: 2, attente: 5}}``.

    Raises ConfigurationError (no such file, unknown source or kind).
    """
    if not path.is_file():
        raise ConfigurationError(f"{path} : fichier de pannes introuvable.")
    return {source_id: _fault(path, source_id, entry) for source_id, entry in read_yaml(path).items()}


def _fault(path: Path, source_id: str, entry: str | dict) -> Fault:
    wanted = {"panne": entry} if isinstance(entry, str) else entry
    kinds = [kind for kind in FaultKind if kind is not FaultKind.REPLACED]
    if source_id not in load_sources() or wanted.get("panne") not in kinds:
        raise ConfigurationError(
            f"{path}, « {source_id} : {wanted.get('panne')} » : attendu une source du catalogue et une panne "
            f"parmi {', '.join(kinds)}."
        )
    fault = Fault(FaultKind(wanted["panne"]), times=wanted.get("fois"))
    if "attente" in wanted:
        fault.retry_after, fault.delay = int(wanted["attente"]), float(wanted["attente"])
    return fault


def other_bytes(content: bytes) -> bytes:
    """Other bytes that say the same: two lines swapped, or another comment in a workbook."""
    if content.startswith(b"PK"):
        stream = io.BytesIO(content)
        with zipfile.ZipFile(stream, "a") as archive:
            archive.comment = b"essai"
        return stream.getvalue()
    if content.startswith(b"\x1f\x8b"):
        return gzip.compress(other_bytes(gzip.decompress(content)), mtime=0)
    if content.startswith(b"{"):  # one observation a line, between the first and the last lines
        head, one, two, *others = content.splitlines(keepends=True)
        return b"".join([head, two, one, *others])
    *lines, before, last = content.splitlines(keepends=True)
    return b"".join([*lines, last, before]) if lines else content + b"\n"


def spoiled(
    fault: Fault, request: Request, source: Source, content: bytes, headers: dict, kind: str
) -> Response | None:
    """What a fault makes of the file of a source; None where it leaves it as it is."""
    match fault.kind:
        case FaultKind.HTML:
            return HTMLResponse(ERROR_PAGE)
        case FaultKind.JSON_ERROR:
            return JSONResponse(ERROR)
        case FaultKind.EMPTY:
            return Response(b"", headers=headers, media_type=kind)
        case FaultKind.SHORT:
            return Response(content[: _cut(content)], headers=headers, media_type=kind)
        case FaultKind.LIMITED:
            return Response(_first_rows(content), headers=headers, media_type=kind)
        case FaultKind.LABELS:
            return Response(_labelled(source, content), headers=headers, media_type=kind)
        case FaultKind.GZIP | FaultKind.BAD_GZIP:
            packed = gzip.compress(content, mtime=0)
            kept = packed if fault.kind is FaultKind.GZIP else packed[:-9]
            return Response(kept, headers=headers | {"Content-Encoding": "gzip"}, media_type=kind)
        case FaultKind.CERTIFICATE:
            return RedirectResponse(untrusted.address(), status_code=302)
        case FaultKind.REDIRECT | FaultKind.LOOP | FaultKind.ASTRAY:
            return _redirected(fault.kind, request, source)
    return _streamed(fault, content, headers, kind)


def _streamed(fault: Fault, content: bytes, headers: dict, kind: str) -> Response:
    announced = {"Content-Length": str(len(content))}
    match fault.kind:
        case FaultKind.HUGE:
            return StreamingResponse(_endless(), headers=headers, media_type=kind)
        case FaultKind.HUGE_ANNOUNCED:
            announced = {"Content-Length": str(HUGE_BYTES)}
            return StreamingResponse(_endless(), headers=headers | announced, media_type=kind)
        case FaultKind.DRIP:
            parts = (content[i : i + 1] for i in range(len(content)))
            return StreamingResponse(_paused(parts, fault.delay), headers=headers, media_type=kind)
        case FaultKind.SLOW:
            parts = iter((content[: _cut(content)], content[_cut(content) :]))
            body = _paused(parts, fault.delay)
            return StreamingResponse(body, headers=headers | announced, media_type=kind)
    # A body shorter than what is announced makes the server cut the connection.
    parts = iter((content[: _cut(content)],))
    return StreamingResponse(parts, headers=headers | announced, media_type=kind)


def _redirected(kind: FaultKind, request: Request, source: Source) -> Response | None:
    if kind is FaultKind.ASTRAY:
        return RedirectResponse(source.portal, status_code=302)
    if kind is FaultKind.REDIRECT and "redirige" in request.query_params:
        return None
    return RedirectResponse(str(request.url.include_query_params(redirige="1")), status_code=302)


def _cut(content: bytes) -> int:
    return len(content) * 6 // 10


def _endless() -> Iterator[bytes]:
    while True:
        yield BLOCK


def _paused(parts: Iterator[bytes], delay: float) -> Iterator[bytes]:
    for rank, part in enumerate(parts):
        if rank:
            time.sleep(delay)
        yield part


def _first_rows(content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[: API_LIMIT + 1])


def label(column: Column) -> str:
    """How the replica names a column where a portal would give its label."""
    return column.description.replace(";", ",")


def _labelled(source: Source, content: bytes) -> bytes:
    """The labels of the columns in place of their names, as ``use_labels=true`` gives them."""
    head, body = content.split(b"\n", 1)
    labels = ";".join(label(column) for column in source.columns).encode()
    return labels + (b"\r\n" if head.endswith(b"\r") else b"\n") + body
