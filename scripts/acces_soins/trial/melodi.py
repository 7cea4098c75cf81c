"""INSEE's Melodi API as the replica gives it: pages of observations, thirty requests a minute."""

import json
import math

from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from acces_soins.catalog import Source
from acces_soins.trial.faults import API_LIMIT, FaultKind, spoiled
from acces_soins.trial.portal import Portal, find, portal_of
from acces_soins.trial.rows import options

JSON = "application/json"
RATE, PERIOD_S = 30, 60


def show_catalogue_entry(request: Request) -> Response:
    """``/melodi/catalog/{id}``: what the catalogue says of a data set."""
    source = _asked(request)
    portal_of(request).check_metadata(source)
    shown = portal_of(request).extract(source)
    modified = shown.modified.replace(tzinfo=None).isoformat()
    return JSONResponse({"identifier": source.dataset, "modified": modified, "numObservations": shown.rows})


def show_page(request: Request) -> Response:
    """``/melodi/data/{id}``: one page of observations, and the address of the next one."""
    source = _asked(request)
    fault = portal_of(request).file_fault(source)
    limited = fault is not None and fault.kind is FaultKind.LIMITED
    content = _page(request, source, limited)
    spoilt = (
        spoiled(fault, request, source, content, {}, "application/json") if fault and not limited else None
    )
    return spoilt or Response(content, media_type="application/json")


def _asked(request: Request) -> Source:
    """The source of a request; raises HTTP 404, and 429 beyond thirty requests in a minute."""
    (source,) = find(request, "melodi", dataset=request.path_params["dataset"])
    _check_rate(portal_of(request))
    return source


def _check_rate(portal: Portal) -> None:
    now, calls = portal.clock(), portal.melodi_calls
    while calls and now - calls[0] >= PERIOD_S:
        calls.popleft()
    if len(calls) >= RATE:
        wait = math.ceil(PERIOD_S - (now - calls[0]))
        raise HTTPException(429, headers={"Retry-After": str(wait)})
    calls.append(now)


def _page(request: Request, source: Source, limited: bool) -> bytes:
    """The page asked for; ``limited`` gives the first observations as if there were no more."""
    answer, wanted = json.loads(portal_of(request).extract(source).bytes), request.query_params
    observations = answer["observations"]
    number, size = int(wanted.get("page", 1)), min(int(wanted["maxResult"]), options(source)["page"])
    first, last = (number - 1) * size, API_LIMIT if limited else number * size
    # The addresses are those of the real portal, as in its answers.
    address = URL(f"{source.portal}/melodi/data/{source.dataset}?{wanted}")
    paging = {"first": str(address.include_query_params(page=1))}
    if last < len(observations) and not limited:
        paging["next"] = str(address.include_query_params(page=number + 1))
    if wanted.get("totalCount"):
        paging["count"] = len(observations)
    answer |= {"observations": observations[first:last], "paging": paging | {"isLast": "next" not in paging}}
    return json.dumps(answer, ensure_ascii=False).encode()
