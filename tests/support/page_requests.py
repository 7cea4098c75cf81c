"""What the pages ask of Superset: recorded in a real browser, asked again by clients without one.

The requests are those of the pages themselves, filters and defaults included: nothing here imitates them.
"""

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpx

import pages

# So high that every tile is in view: Superset asks for a tile's data when it comes near.
ALL_IN_VIEW = {"width": 1440, "height": 12_000}
DATA = re.compile(r"/(api/v1/chart/data|superset/explore_json/)")


@dataclass(frozen=True)
class Question:
    """One request of a page for data: the choices of a filter, or the rows of a chart."""

    page: str
    name: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    body: str
    is_form: bool

    def ask(self, http: httpx.Client, force: bool) -> httpx.Response:
        """Ask it; with ``force``, past the cache. Raises httpx.HTTPStatusError when Superset refuses."""
        parameters = dict(self.parameters)
        if self.is_form:
            forced = {**parameters, "force": "true"} if force else parameters
            sent = {"params": forced, "data": {"form_data": self.body}}
        else:
            sent = {"params": parameters, "json": {**json.loads(self.body), "force": force}}
        return http.post(self.path, **sent).raise_for_status()


def results(answer: httpx.Response) -> list[dict]:
    """The results in an answer, one per query: rows, their SQL, whether they came from the cache."""
    content = answer.json()
    return content.get("result", [content])


def rows_of(answer: httpx.Response) -> list[dict]:
    """What is shown: the rows of each result, one after the other."""
    return [row for result in results(answer) for row in result["data"]]


def client_of(page, address: str) -> httpx.Client:
    """A client with the cookies of a logged-in page, to be closed by the caller."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    http = httpx.Client(base_url=address, cookies=cookies, timeout=120)
    token = http.get("/api/v1/security/csrf_token/").raise_for_status().json()["result"]
    http.headers.update({"X-CSRFToken": token, "Referer": f"{address}/"})
    return http


def record(page, address: str, slugs: Iterable[str] | None = None) -> list[Question]:
    """Open dashboards (all, if none is named) with all of their tiles in view; each question asked, once."""
    asked = (question for slug in slugs or pages.PAGES for question in opening(page, address, slug))
    return list(dict.fromkeys(asked))


def opening(page, address: str, slug: str) -> list[Question]:
    """Every question that a dashboard asks as it opens, all of its tiles in view, as often as it does."""
    page.set_viewport_size(ALL_IN_VIEW)
    seen = []

    def note(request) -> None:
        seen.append(request)

    page.on("request", note)
    page.goto(f"{address}/superset/dashboard/{slug}/")
    _wait_until_all_is_asked(page, slug, seen)
    page.remove_listener("request", note)
    names = _names(page, slug)
    return [_question(slug, r, names) for r in seen if r.method == "POST" and DATA.search(r.url)]


def _wait_until_all_is_asked(page, slug: str, seen: list, quiet: float = 2.0) -> None:
    """Every chart has been asked for, nothing is awaited, and nothing more comes for a while."""
    page.wait_for_selector(".as-navigation", timeout=120_000)
    for name in pages.tiles(slug):
        page.locator(f"#CHART-{name}").wait_for(state="attached", timeout=120_000)
    before = -1
    while before != len(seen):
        before = len(seen)
        page.wait_for_function("s => !document.querySelector(s)", arg=pages.LOADING, timeout=120_000)
        page.wait_for_timeout(quiet * 1000)


def _names(page, slug: str) -> dict[int, str]:
    answer = page.request.get(f"{page.url.split('/superset/')[0]}/api/v1/dashboard/{slug}/charts")
    return {chart["id"]: chart["slice_name"] for chart in answer.json()["result"]}


def _question(slug: str, request, names: dict[int, str]) -> Question:
    url = httpx.URL(request.url)
    is_form = "explore_json" in url.path
    body = _form_field(request) if is_form else request.post_data
    form = json.loads(body) if is_form else json.loads(body)["form_data"]
    native = form.get("native_filter_id")
    name = native.replace("NATIVE_FILTER-", "filtre ") if native else names[form["slice_id"]]
    kept = tuple((key, value) for key, value in url.params.items() if key != "force")
    return Question(slug, name, url.path, kept, body, is_form)


def _form_field(request) -> str:
    """The field « form_data » of the form that the page sends for a map."""
    return re.search(r'name="form_data"\s+(.*?)\s+--', request.post_data, re.DOTALL).group(1)


def timed(question: Question, http: httpx.Client, force: bool) -> tuple[float, httpx.Response]:
    """Seconds until the whole answer, and the answer."""
    started = time.perf_counter()
    answer = question.ask(http, force)
    return time.perf_counter() - started, answer


def sql_of(answer: httpx.Response) -> Iterator[str]:
    """The SQL that Superset ran for the answer."""
    return (result["query"].strip().rstrip(";") for result in results(answer) if result.get("query"))
