"""Local replica of the portals: the real paths under ``/{host}/…``, fictitious files, loopback only.

It imitates what extraction relies on: Opendatasoft Explore v2.1 (metadata, exports, attachments),
data.gouv.fr API v1 and its static host, INSEE's Melodi, and plain files with ETag and Last-Modified.
Each source may have a fault (faults.py), so that tests and rehearsals meet the errors of real portals.
"""

import argparse
import datetime as dt
import hashlib
import html
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from acces_soins.catalog import Source, load_sources
from acces_soins.errors import ConfigurationError
from acces_soins.settings import get_settings
from acces_soins.trial import melodi
from acces_soins.trial.faults import ERROR, ErrorInstead, Fault, FaultKind, read_faults
from acces_soins.trial.layouts import Extract
from acces_soins.trial.portal import WORKBOOK, Portal, answer_file, find, host, portal_of
from acces_soins.trial.rows import options

LOOPBACK = "127.0.0.1"
GRACE = 2  # seconds left to the answers under way when the replica stops
STATIC_HOST = "static.data.gouv.fr"
LICENCE = "Licence Ouverte v2.0 (Etalab)"
LICENCE_URL = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
DATASETS = "/{host}/api/explore/v2.1/catalog/datasets"


# Opendatasoft Explore v2.1


def _dataset_metadata(request: Request, sources: list[Source]) -> dict:
    source, extracts = sources[0], [portal_of(request).extract(each) for each in sources]
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
    for source in find(request, "opendatasoft", "piece_jointe"):
        by_dataset.setdefault(source.dataset, []).append(source)
    found = [_dataset_metadata(request, sources) for sources in by_dataset.values()]
    return JSONResponse({"total_count": len(found), "results": found})


def show_dataset(request: Request) -> Response:
    """``/catalog/datasets/{id}``: metadata."""
    sources = find(request, "opendatasoft", "piece_jointe", dataset=request.path_params["dataset"])
    for source in sources:
        portal_of(request).check_metadata(source)
    return JSONResponse(_dataset_metadata(request, sources))


def export_csv(request: Request) -> Response:
    """``/exports/csv``: the whole data set, streamed without validators as the real portal does."""
    (source,) = find(request, "opendatasoft", dataset=request.path_params["dataset"])
    wanted = request.query_params
    if wanted.get("delimiter", ";") != ";" or wanted.get("use_labels", "false") != "false":
        message = "La réplique ne sert que delimiter=; et use_labels=false."
        return JSONResponse({"error_code": "InvalidRESTParameterError", "message": message}, 400)
    return answer_file(request, source, conditional=False)


def list_attachments(request: Request) -> Response:
    """``/attachments``: what is attached to a data set."""
    found = []
    for source in find(request, "opendatasoft", "piece_jointe", dataset=request.path_params["dataset"]):
        portal_of(request).check_metadata(source)
        if source.protocol != "piece_jointe":
            continue
        metas = _attachment(source, portal_of(request).extract(source))
        metas["mime-type"] = metas.pop("mimetype")
        address = f"{source.portal}/api/explore/v2.1/catalog/datasets/{source.dataset}"
        found.append({"href": f"{address}/attachments/{metas['id']}", "metas": metas})
    return JSONResponse({"links": [], "attachments": found})


def show_attachment(request: Request) -> Response:
    """``/attachments/{id}``: the file."""
    for source in find(request, "piece_jointe", dataset=request.path_params["dataset"]):
        if request.path_params["attachment"] == options(source)["piece"]:
            return answer_file(request, source)
    raise HTTPException(404)


# data.gouv.fr API v1


def _resource_id(source: Source) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{source.portal}/{source.id}"))


def _static_path(source: Source, shown: Extract) -> str:
    """Path on the static host: it changes with each upload."""
    return f"/resources/{source.dataset}/{shown.modified:%Y%m%d-%H%M%S}/{shown.filename}"


def show_datagouv_dataset(request: Request) -> Response:
    """``/api/1/datasets/{slug}/``: the data set and its resources, with sizes and checksums."""
    sources = find(request, "datagouv", dataset=request.path_params["slug"])
    for each in sources:
        portal_of(request).check_metadata(each)
    resources = [_resource(each, portal_of(request).extract(each)) for each in sources]
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
            path = _static_path(source, portal_of(request).extract(source))
            return RedirectResponse(f"/{STATIC_HOST}{path}", status_code=302)
    raise HTTPException(404)


def show_static_file(request: Request) -> Response:
    """A file of the static host; an address of another upload is not there."""
    for source in find(request, "datagouv", dataset=request.path_params["slug"]):
        shown = _static_path(source, portal_of(request).extract(source))
        if request.url.path == f"/{STATIC_HOST}{shown}":
            return answer_file(request, source)
    raise HTTPException(404)


# Plain files, home


def show_plain_file(request: Request) -> Response:
    """A file at a fixed address."""
    (source,) = find(request, "fichier", path=request.path_params["path"])
    return answer_file(request, source)


def show_home(request: Request) -> Response:
    """What this server is, and what it holds."""
    day = portal_of(request).as_of or get_settings().today
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
    Route("/{host}/melodi/catalog/{dataset}", melodi.show_catalogue_entry),
    Route("/{host}/melodi/data/{dataset}", melodi.show_page),
    Route("/{host}/{path:path}", show_plain_file),
]


def _remember(endpoint: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def remembered(request: Request) -> Response:
        portal_of(request).requests.append((request.method, request.url.path))
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
