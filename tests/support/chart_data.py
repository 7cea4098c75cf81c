"""The data of a chart, asked of Superset's API as the page asks them; no browser is needed."""

import json

import httpx

NATIONAL = "acces-aux-soins"
ALL = {"q": "(page_size:200)"}


def charts(http: httpx.Client, slug: str = NATIONAL) -> dict[str, dict]:
    """The charts of a dashboard, by title."""
    found = http.get(f"/api/v1/dashboard/{slug}/charts").raise_for_status().json()["result"]
    return {chart["slice_name"]: chart for chart in found}


def body(http: httpx.Client, chart: dict, slug: str, filters: dict[str, str] | None = None) -> dict:
    """What ``/api/v1/chart/data`` is asked for a chart of ``charts``, with these choices of filters."""
    form = chart["form_data"]
    queries = [_query(form), *([_query(form, "_b")] if "metrics_b" in form else [])]
    for query in queries:
        query["filters"] += [{"col": c, "op": "IN", "val": [v]} for c, v in (filters or {}).items()]
    datasource, kind = form["datasource"].split("__")
    dashboard = http.get(f"/api/v1/dashboard/{slug}").raise_for_status().json()["result"]["id"]
    return {
        "datasource": {"id": int(datasource), "type": kind},
        "queries": queries,
        "form_data": {**form, "slice_id": chart["id"], "dashboardId": dashboard},
        "result_format": "json",
        "result_type": "full",
    }


def data(
    http: httpx.Client, name: str, filters: dict[str, str] | None = None, slug: str = NATIONAL
) -> list[dict]:
    """The rows that the chart shows with these choices; those of its two queries where it has two."""
    return rows(http, body(http, charts(http, slug)[name], slug, filters))


def rows(http: httpx.Client, asked: dict) -> list[dict]:
    """The rows of an answer, one query's after the other's; the answer is not a refusal."""
    return [row for result in _answer(http, asked).json()["result"] for row in result["data"]]


def exported(
    http: httpx.Client, name: str, slug: str, filters: dict[str, str] | None = None, kind: str = "csv"
) -> httpx.Response:
    """The file (``csv`` or ``xlsx``) that a reader takes from the chart's own menu."""
    return _answer(http, body(http, charts(http, slug)[name], slug, filters) | {"result_format": kind})


def _answer(http: httpx.Client, asked: dict) -> httpx.Response:
    answer = http.post("/api/v1/chart/data", json=asked)
    assert answer.status_code == 200, answer.text
    return answer


def _query(form: dict, second: str = "") -> dict:
    """The query that the page would send for these parameters; ``second`` is ``_b`` for a second query."""
    raw = form.get("query_mode") == "raw"
    columns = form.get("all_columns", []) if raw else form.get(f"groupby{second}", [])
    axes = [form[key] for key in ("x_axis", "entity") if key in form]
    return {
        "columns": [*axes, *columns],
        # raw rows carry no metrics at all: an empty list would group them
        **({} if raw else {"metrics": form.get(f"metrics{second}") or [form["metric"]]}),
        "row_limit": form["row_limit"],
        "orderby": [json.loads(order) for order in form.get("order_by_cols", [])],
        "filters": [
            {"col": f["subject"], "op": f["operator"], "val": f["comparator"]}
            for f in form.get(f"adhoc_filters{second}", [])
        ],
        "extras": {"where": "", "having": ""},
    }
