"""The nightly swap while people look: no error, no stale figure, and a long query ends where it began.

What is held: an answer to a question asked once the link has moved is the new version's, whatever the caches
hold; one asked before may be either's, never a mix. The quick pass looks at one page through the API; « make
test-long » asks what every page asks in a browser, and tells Superset of each version as a night does.
"""

import itertools
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import browsing
import chart_data
import looking
import page_requests
import pages
import published_marts
import superset_service
from acces_soins import dashboards
from waiting import wait_for

pytestmark = [pytest.mark.superset, pytest.mark.xdist_group("superset")]
VERSIONS = ["20260420T023000Z-11111111", "20260720T023000Z-22222222", "20261020T023000Z-33333333"]
PAUSE = 0.05  # what is waited for lasts a fraction of a second
# Some seconds of work on rows that are read again and again: the nature of the data, which tells the version.
LONG_QUERY = (
    "SELECT donnees, sum(ln(1 + t.n)) AS travail FROM marts.tableau_de_bord, range({}) AS t (n) GROUP BY 1"
)


@pytest.fixture(scope="module")
def versions(superset):
    """Versions whose figures and whose nature differ, published beside the one that the other tests read."""
    for number, version in enumerate(VERSIONS):
        published_marts.publish(
            superset.settings.publication, version, offset=10.0 * number, data_label=f"Version {number}"
        )
    published_marts.serve(superset.settings.publication, superset_service.VERSION)
    return VERSIONS


@pytest.fixture
def swap(superset):
    """Serve a version, as a publication does; gives the moment. The first one comes back afterwards."""

    def serve(version: str) -> float:
        published_marts.serve(superset.settings.publication, version)
        return time.monotonic()

    yield serve
    serve(superset_service.VERSION)


def _in_order(rows: list[dict]) -> list[str]:
    """The rows, whatever the order in which DuckDB's threads gave those that no question sorts."""
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def _truth(swap, version: str, forced: dict) -> dict[str, list]:
    """The rows of every question on that version, past the cache, nobody else looking."""
    swap(version)
    return {key: ask() for key, ask in forced.items()}


def _stale(watch, moments: list[float], truth: list[dict[str, list]]) -> list[str]:
    """What was not of the version served when it was asked, nor of one served before the answer came."""
    faults = []
    for sight in watch.sights:
        served = sum(moment <= sight.asked for moment in moments) - 1
        if sight.rows not in [version[sight.question] for version in truth[served:]]:
            faults.append(f"{sight.question}, sous la version {served}")
    return faults


def _telling(truth: list[dict[str, list]]) -> int:
    """How many questions have another answer in each version."""
    return sum(
        all(before[key] != after[key] for before, after in itertools.pairwise(truth)) for key in truth[0]
    )


def test_people_who_look_during_the_swap_meet_no_error_and_no_stale_figure(
    superset, superset_address, versions, swap
):
    with superset_service.client(superset, superset_address, "decideur") as http:
        asked = {
            name: chart_data.body(http, chart, chart_data.NATIONAL)
            for name, chart in chart_data.charts(http).items()
        }
        questions = {
            name: lambda _client, body=body: _in_order(chart_data.rows(http, body))
            for name, body in asked.items()
        }
        forced = {
            name: lambda body=body: _in_order(chart_data.rows(http, {**body, "force": True}))
            for name, body in asked.items()
        }
        moments = [swap(versions[0])]
        with looking.looking(questions, clients=3) as watch:
            wait_for(lambda: watch.rounds(len(questions)) > 1, "un tour avant la bascule", 120, PAUSE)
            moments.append(swap(versions[1]))
            seen = len(watch.sights)
            wait_for(lambda: len(watch.sights) - seen > 2 * len(questions), "deux tours après", 120, PAUSE)
        truth = [_truth(swap, version, forced) for version in versions[:2]]
    assert watch.errors == []
    assert _stale(watch, moments, truth) == []
    assert _telling(truth) > len(questions) / 2


def test_a_long_query_ends_on_the_version_on_which_it_began(superset, superset_address, versions, swap):
    publication = superset.settings.publication / "versions"
    gone = publication / "20260101T000000Z-00000000"
    shutil.copytree(publication / versions[0], gone)
    swap(gone.name)
    with (
        superset_service.client(superset, superset_address, "statisticien") as http,
        ThreadPoolExecutor(1) as pool,
    ):
        _sql(http, LONG_QUERY.format(1))
        before = looking.processor_seconds()
        answer = pool.submit(_sql, http, LONG_QUERY.format(15_000))
        # What surrounds a query takes a fraction of this: it is under way.
        wait_for(
            lambda: looking.processor_seconds() > before + 1 or answer.done(),
            "la requête en cours",
            120,
            PAUSE,
        )
        swap(versions[1])
        # What retention does later: the file goes, its reader does not notice.
        shutil.rmtree(gone)
        assert not answer.done(), "la requête a fini avant la bascule : la faire plus longue"
        assert [row["donnees"] for row in answer.result()] == ["Version 0"]
        assert [row["donnees"] for row in _sql(http, LONG_QUERY.format(1))] == ["Version 1"]


def _sql(http, sql: str) -> list[dict]:
    database = http.get("/api/v1/database/").json()["result"][0]["id"]
    wanted = {"database_id": database, "sql": sql, "schema": "marts", "runAsync": False}
    answer = http.post("/api/v1/sqllab/execute/", json=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.long
@pytest.mark.browser
def test_all_the_charts_of_all_the_pages_through_two_swaps(superset, superset_address, versions, swap):
    with browsing.started() as browser:
        page = pages.open_page(browser)
        pages.log_in(page, superset, superset_address, "decideur")
        found = page_requests.record(page, superset_address)
        clients = [page_requests.client_of(page, superset_address) for _ in range(6)]
    asked = {f"{number} {each.page}, {each.name}": each for number, each in enumerate(found)}
    questions = {
        key: lambda client, each=each: _in_order(page_requests.rows_of(each.ask(clients[client], False)))
        for key, each in asked.items()
    }
    forced = {
        key: lambda each=each: _in_order(page_requests.rows_of(each.ask(clients[0], True)))
        for key, each in asked.items()
    }
    moments = [swap(versions[0])]
    with looking.looking(questions, clients=len(clients)) as watch:
        for version in versions[1:]:
            seen = len(watch.sights)
            wait_for(lambda seen=seen: len(watch.sights) - seen > len(asked), "un tour", 600, PAUSE)
            moments.append(swap(version))
            assert dashboards.refresh(version, superset.settings) is True
        seen = len(watch.sights)
        wait_for(lambda: len(watch.sights) - seen > 2 * len(asked), "deux tours", 600, PAUSE)
    truth = [_truth(swap, version, forced) for version in versions]
    for http in clients:
        http.close()
    assert watch.errors == []
    assert _stale(watch, moments, truth) == []
    # The choices of filters and the definitions are the same in all.
    assert _telling(truth) > len(asked) / 3
