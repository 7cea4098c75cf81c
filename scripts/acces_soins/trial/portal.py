"""What the endpoints of the replica share: the state of the portals, and how a file is answered."""

import datetime as dt
import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from acces_soins.catalog import Source, load_sources
from acces_soins.settings import get_settings
from acces_soins.trial import layouts
from acces_soins.trial.faults import REWRITTEN, ErrorInstead, Fault, FaultKind, spoiled
from acces_soins.trial.layouts import Extract

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass
class Portal:
    """What the replica shows: ``as_of`` (None: the day of the settings) and faults may change at any time."""

    as_of: dt.date | None = None
    faults: dict[str, Fault] = field(default_factory=dict)
    requests: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=1000))
    melodi_calls: deque[float] = field(default_factory=deque)
    clock: Callable[[], float] = time.monotonic
    _generation: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def extract(self, source: Source) -> Extract:
        """The file on show: generated at the first demand of its period, then kept."""
        shown, fault = self._genuine(source), self.faults.get(source.id)
        if fault is None or fault.kind not in REWRITTEN:
            return shown
        content = fault.rewrite(shown.bytes)
        later = dt.timedelta(0) if fault.kind is FaultKind.STALE else dt.timedelta(hours=1)
        rows = content.count(b"\n") - 1 if source.protocol == "opendatasoft" else shown.rows
        return replace(shown, bytes=content, modified=shown.modified + later, rows=rows)

    def etag(self, source: Source) -> str:
        """The ETag of the file on show, which may lie."""
        fault, content = self.faults.get(source.id), self.extract(source).bytes
        if fault and fault.kind is FaultKind.STALE:
            content = self._genuine(source).bytes
        elif fault and fault.kind is FaultKind.TOUCHED:
            content += b"neuf"
        return f'"{hashlib.sha256(content).hexdigest()[:32]}"'

    def check_metadata(self, source: Source) -> None:
        """Raise what a fault answers in place of the metadata."""
        self._check(source)
        fault = self.faults.get(source.id)
        if fault and fault.kind is FaultKind.JSON_METADATA and fault.strikes():
            raise ErrorInstead

    def file_fault(self, source: Source) -> Fault | None:
        """The fault that hits the file of a source on this request, if any."""
        self._check(source)
        fault = self.faults.get(source.id)
        return fault if fault and fault.hits_the_file and fault.strikes() else None

    def _check(self, source: Source) -> None:
        fault = self.faults.get(source.id)
        if fault and fault.hits_everything and fault.strikes():
            raise fault.error()

    def _genuine(self, source: Source) -> Extract:
        with self._generation:
            return layouts.extract(source, self.as_of or get_settings().today)


def host(source: Source) -> str:
    """Host of the source's portal: the first segment of its paths on the replica."""
    return urlsplit(source.portal).netloc


def find(
    request: Request, *protocols: str, dataset: str | None = None, path: str | None = None
) -> list[Source]:
    """The sources behind an address, several when they share a data set; raises HTTP 404."""
    found = [
        source
        for source in load_sources().values()
        if host(source) == request.path_params.get("host", host(source))
        and source.protocol in protocols
        and (dataset is None or source.dataset == dataset)
        and (path is None or source.meta.get("chemin", "").lstrip("/") == path)
    ]
    if not found:
        raise HTTPException(404)
    return found


def portal_of(request: Request) -> Portal:
    return request.app.state.portal


def answer_file(request: Request, source: Source, conditional: bool = True) -> Response:
    """The file of a source with its validators, 304 if the client has it, or what its fault makes of it."""
    fault = portal_of(request).file_fault(source)
    shown = portal_of(request).extract(source)
    kind = _media_type(source)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(shown.filename)}"}
    if fault and (answer := spoiled(fault, request, source, shown.bytes, headers, kind)):
        return answer
    if conditional:
        headers["ETag"] = portal_of(request).etag(source)
        headers["Last-Modified"] = format_datetime(shown.modified, usegmt=True)
        if _is_known(request, headers["ETag"], shown.modified):
            return Response(status_code=304, headers=headers)
    return Response(shown.bytes, headers=headers, media_type=kind)


def _media_type(source: Source) -> str:
    if packed := {"membre", "compression"} & set(source.reading):
        return "application/zip" if "membre" in packed else "application/gzip"
    return "text/csv; charset=utf-8" if source.format == "csv" else WORKBOOK


def _is_known(request: Request, etag: str, modified: dt.datetime) -> bool:
    """As RFC 9110 says: If-None-Match is decisive when it is there."""
    if names := request.headers.get("if-none-match"):
        return etag in names or names.strip() == "*"
    if since := request.headers.get("if-modified-since"):
        return modified <= parsedate_to_datetime(since)
    return False
