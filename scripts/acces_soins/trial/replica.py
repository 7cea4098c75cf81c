"""Local replica of the portals: the real paths under ``/{host}/…``, fictitious files, loopback only.

It imitates what extraction relies on: Opendatasoft Explore v2.1 (metadata, exports, attachments),
data.gouv.fr API v1 and its static host, and plain files with ETag and Last-Modified. Each source may
have a fault (faults.py), so that tests and rehearsals meet the errors of real portals.
"""

import argparse
import datetime as dt
import hashlib
import html
import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from acces_soins.catalog import Source, load_sources
from acces_soins.errors import ConfigurationError
from acces_soins.settings import get_settings
from acces_soins.trial import layouts
from acces_soins.trial.faults import ERROR, REWRITTEN, ErrorInstead, Fault, FaultKind, read_faults, spoiled
from acces_soins.trial.layouts import Extract
from acces_soins.trial.rows import options

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LOOPBACK = "127.0.0.1"
GRACE = 2  # seconds left to the answers under way when the replica stops
STATIC_HOST = "static.data.gouv.fr"
LICENCE = "Licence Ouverte v2.0 (Etalab)"
LICENCE_URL = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
DATASETS = "/{host}/api/explore/v2.1/catalog/datasets"


@dataclass
class Portal:
    """What the replica shows: ``as_of`` (None: the day of the settings) and faults may change at any time."""

    as_of: dt.date | None = None
    faults: dict[str, Fault] = field(default_factory=dict)
    requests: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=1000))
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


def _find(
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


def _portal(request: Request) -> Portal:
    return request.app.state.portal


# Files


def _file(request: Request, source: Source, conditional: bool = True) -> Response:
    """The file of a source with its validators, 304 if the client has it, or what its fault makes of it."""
    fault = _portal(request).file_fault(source)
    shown = _portal(request).extract(source)
    kind = _media_type(source)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(shown.filename)}"}
    if fault and (answer := spoiled(fault, request, source, shown.bytes, headers, kind)):
        return answer
    if conditional:
        headers["ETag"] = _portal(request).etag(source)
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


# Opendatasoft Explore v2.1


def _dataset_metadata(request: Request, sources: list[Source]) -> dict:
    source, extracts = sources[0], [_portal(request).extract(each) for each in sources]
    shown = max(extracts, key=lambda each: each.modified)
    has_records = source.protocol == "opendatasoft"
    metas = {
        "title": source.description,
        "description": "Données d'essai (fictives) servies par la réplique locale.",
        "publisher": source.producer_name,
        "license": LICENCE,
        "license_url": LICENCE_URL,
        "modified": shown.modified.isoformat(),
        "data_processed": (shown.modified + dt.timedelta(minutes=5)).isoformat(),
        "metadata_processed": (shown.modified + dt.timedelta(minutes=6)).isoformat(),
        "records_count": shown.rows if has_records else 0,
    }
    columns = source.columns if has_records else ()
    return {
        "dataset_id": source.dataset,
        "dataset_uid": f"da_{source.table}",
        "attachments": []
        if has_records
        else [_attachment(each, extract) for each, extract in zip(sources, extracts, strict=True)],
        "has_records": has_records,
        "data_visible": True,
        "fields": [{"name": c.name, "label": c.description, "type": "text"} for c in columns],
        "metas": {"default": metas},
    }


def _attachment(source: Source, shown: Extract) -> dict:
    return {
        "id": options(source)["piece"],
        "title": shown.filename,
        "mimetype": WORKBOOK,
        "url": f"odsfile://{shown.filename}",
    }


def list_datasets(request: Request) -> Response:
    """``/catalog/datasets``: the data sets of one Opendatasoft portal."""
    by_dataset: dict[str, list[Source]] = {}
    for source in _find(request, "opendatasoft", "piece_jointe"):
        by_dataset.setdefault(source.dataset, []).append(source)
    found = [_dataset_metadata(request, sources) for sources in by_dataset.values()]
    return JSONResponse({"total_count": len(found), "results": found})


def show_dataset(request: Request) -> Response:
    """``/catalog/datasets/{id}``: metadata."""
    sources = _find(request, "opendatasoft", "piece_jointe", dataset=request.path_params["dataset"])
    for source in sources:
        _portal(request).check_metadata(source)
    return JSONResponse(_dataset_metadata(request, sources))


def export_csv(request: Request) -> Response:
    """``/exports/csv``: the whole data set, streamed without validators as the real portal does."""
    (source,) = _find(request, "opendatasoft", dataset=request.path_params["dataset"])
    wanted = request.query_params
    if wanted.get("delimiter", ";") != ";" or wanted.get("use_labels", "false") != "false":
        message = "La réplique ne sert que delimiter=; et use_labels=false."
        return JSONResponse({"error_code": "InvalidRESTParameterError", "message": message}, 400)
    return _file(request, source, conditional=False)


def list_attachments(request: Request) -> Response:
    """``/attachments``: what is attached to a data set."""
    found = []
    for source in _find(request, "opendatasoft", "piece_jointe", dataset=request.path_params["dataset"]):
        _portal(request).check_metadata(source)
        if source.protocol != "piece_jointe":
            continue
        metas = _attachment(source, _portal(request).extract(source))
        metas["mime-type"] = metas.pop("mimetype")
        address = f"{source.portal}/api/explore/v2.1/catalog/datasets/{source.dataset}"
        found.append({"href": f"{address}/attachments/{metas['id']}", "metas": metas})
    return JSONResponse({"links": [], "attachments": found})


def show_attachment(request: Request) -> Response:
    """``/attachments/{id}``: the file."""
    for source in _find(request, "piece_jointe", dataset=request.path_params["dataset"]):
        if request.path_params["attachment"] == options(source)["piece"]:
            return _file(request, source)
    raise HTTPException(404)


# data.gouv.fr API v1


def _resource_id(source: Source) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{source.portal}/{source.id}"))


def _static_path(source: Source, shown: Extract) -> str:
    """Path on the static host: it changes with each upload."""
    return f"/resources/{source.dataset}/{shown.modified:%Y%m%d-%H%M%S}/{shown.filename}"


def show_datagouv_dataset(request: Request) -> Response:
    """``/api/1/datasets/{slug}/``: the data set and its resources, with sizes and checksums."""
    sources = _find(request, "datagouv", dataset=request.path_params["slug"])
    for each in sources:
        _portal(request).check_metadata(each)
    resources = [_resource(each, _portal(request).extract(each)) for each in sources]
    source = sources[0]
    return JSONResponse(
        {
            "id": _resource_id(source).replace("-", "")[:24],
            "slug": source.dataset,
            "title": source.description,
            "license": "lov2",
            "last_modified": max(resource["last_modified"] for resource in resources),
            "organization": {"name": source.producer_name},
            "resources": resources,
        }
    )


def _resource(source: Source, shown: Extract) -> dict:
    return {
        "id": _resource_id(source),
        "title": shown.filename,
        "description": "Données d'essai (fictives).",
        "url": f"https://{STATIC_HOST}{_static_path(source, shown)}",
        "latest": f"{source.portal}/api/1/datasets/r/{_resource_id(source)}",
        "format": source.format,
        "mime": "text/csv",
        "filesize": len(shown.bytes),
        "checksum": {"type": "sha1", "value": hashlib.sha1(shown.bytes, usedforsecurity=False).hexdigest()},
        "last_modified": shown.modified.isoformat(),
        "type": "main",
    }


def redirect_to_resource(request: Request) -> Response:
    """``/api/1/datasets/r/{id}``: the stable address, which leads to the last upload on the replica."""
    for source in load_sources().values():
        if source.protocol == "datagouv" and _resource_id(source) == request.path_params["resource"]:
            path = _static_path(source, _portal(request).extract(source))
            return RedirectResponse(f"/{STATIC_HOST}{path}", status_code=302)
    raise HTTPException(404)


def show_static_file(request: Request) -> Response:
    """A file of the static host; an address of another upload is not there."""
    for source in _find(request, "datagouv", dataset=request.path_params["slug"]):
        shown = _static_path(source, _portal(request).extract(source))
        if request.url.path == f"/{STATIC_HOST}{shown}":
            return _file(request, source)
    raise HTTPException(404)


# Plain files, home


def show_plain_file(request: Request) -> Response:
    """A file at a fixed address."""
    (source,) = _find(request, "fichier", path=request.path_params["path"])
    return _file(request, source)


def show_home(request: Request) -> Response:
    """What this server is, and what it holds."""
    day = _portal(request).as_of or get_settings().today
    lines = "".join(
        f"<li>{html.escape(source.description)} <small>({host(source)}, {source.id})</small></li>"
        for source in load_sources().values()
    )
    return HTMLResponse(
        "<!DOCTYPE html><html lang='fr'><head><meta charset='utf-8'><title>Données d'essai</title></head>"
        "<body><h1>Réplique locale des portails : données d'essai</h1>"
        "<p>Toutes les données servies ici sont <strong>fictives</strong> ; seule leur présentation est "
        f"celle des producteurs. État des portails au {day:%d/%m/%Y}.</p><ul>{lines}</ul></body></html>"
    )


ROUTES = [
    Route("/", show_home),
    Route(f"/{STATIC_HOST}/resources/{{slug}}/{{stamp}}/{{file}}", show_static_file),
    Route("/{host}/api/1/datasets/r/{resource}", redirect_to_resource),
    Route("/{host}/fr/datasets/r/{resource}", redirect_to_resource),
    Route("/{host}/api/1/datasets/{slug}/", show_datagouv_dataset),
    Route(DATASETS, list_datasets),
    Route(DATASETS + "/{dataset}", show_dataset),
    Route(DATASETS + "/{dataset}/exports/csv", export_csv),
    Route(DATASETS + "/{dataset}/attachments", list_attachments),
    Route(DATASETS + "/{dataset}/attachments/{attachment}", show_attachment),
    Route("/{host}/{path:path}", show_plain_file),
]


def _remember(endpoint: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def remembered(request: Request) -> Response:
        _portal(request).requests.append((request.method, request.url.path))
        return endpoint(request)

    return remembered


def create_app(
    as_of: dt.date | None = None, faults: dict[str, Fault] | None = None, portal: Portal | None = None
) -> Starlette:
    """The replica as an application; ``app.state.portal`` holds what may change between two nights."""
    app = Starlette(
        routes=[Route(route.path, _remember(route.endpoint)) for route in ROUTES],
        exception_handlers={ErrorInstead: lambda request, error: JSONResponse(ERROR)},
    )
    app.router.redirect_slashes = False
    app.state.portal = portal or Portal(as_of, faults if faults is not None else {})
    return app


@contextmanager
def serve_replica(
    as_of: dt.date | None = None,
    port: int = 0,
    faults: dict[str, Fault] | None = None,
    portal: Portal | None = None,
) -> Iterator[str]:
    """Serve the replica from a thread and yield its base URL; ``port`` 0 takes a free one.

    Give a ``portal`` to change its day or its faults while it serves, or to read its requests.
    """
    app = create_app(as_of, faults, portal)
    # The socket listens before the thread starts: a client never has to wait for the server.
    with socket.create_server((LOOPBACK, port)) as listener:
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=GRACE)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def main(arguments: list[str] | None = None) -> None:
    """Serve on the port of ``ACCES_SOINS_REPLIQUE`` until interrupted; raises ConfigurationError if the
    setting is not a loopback address, or the file of faults not one."""
    settings = get_settings()
    pannes = _parser().parse_args(arguments).pannes or settings.pannes
    address = urlsplit(settings.replique)
    if address.hostname not in (LOOPBACK, "localhost"):
        raise ConfigurationError(
            f"ACCES_SOINS_REPLIQUE={settings.replique} : attendu http://{LOOPBACK}:<port> ; "
            "la réplique n'écoute que sur la machine."
        )
    faults = read_faults(pannes) if pannes else {}
    print(f"▸ Réplique des portails (données d'essai) : {settings.replique}", flush=True)
    for source_id, fault in faults.items():
        print(f"▸ panne jouée : {source_id}, {fault.kind}", flush=True)
    uvicorn.run(
        create_app(faults=faults),
        host=LOOPBACK,
        port=address.port or 80,
        log_level="warning",
        timeout_graceful_shutdown=GRACE,
    )


def _parser() -> argparse.ArgumentParser:
    kinds = ", ".join(kind for kind in FaultKind if kind is not FaultKind.REPLACED)
    parser = argparse.ArgumentParser(
        prog="python -m acces_soins.trial.replica",
        description="Sert les portails sur cette machine, avec des données d'essai (ACCES_SOINS_REPLIQUE).",
        epilog=f"Pannes : {kinds}.",
    )
    parser.add_argument(
        "--pannes",
        type=Path,
        metavar="FICHIER",
        help="fichier YAML des pannes à jouer, une source par ligne : « insee.cog_regions: panne_503 » "
        "ou « insee.cog_regions: {panne: attente_429, fois: 2, attente: 5} » "
        "(à défaut, celui que nomme ACCES_SOINS_PANNES)",
    )
    return parser


if __name__ == "__main__":
    main()
