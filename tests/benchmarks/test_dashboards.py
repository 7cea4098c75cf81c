"""The dashboards of a running Superset, at national size; tables at the end, nothing asserted on seconds.

Each question that a page asks, forced past the cache and cached, by one client and by eight, beside the same
SQL on DuckDB alone; then what a person waits for in a browser. Processor time stands beside: it alone says
something where other work shares the machine. ACCES_SOINS_BANC sets the size, as for the readers (in brief,
one page is asked); ACCES_SOINS_BANC_PUBLICATION names the folder of a published version to measure instead.
"""

import os
import shutil
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from rich.table import Table

import browsing
import chart_data
import looking
import page_requests
import pages
import published_marts
import superset_service
from acces_soins import dashboards

SIZE = float(os.environ.get("ACCES_SOINS_BANC", "1"))
PUBLICATION = os.environ.get("ACCES_SOINS_BANC_PUBLICATION")
VERSION = "20260420T023000Z-12345678"
# 9 indicators × 6 and 8 quarters × 6: 54 × 120 × 48 rows, what eleven years of the catalogue give.
COPIES, SHIFTS = 6, 6
ROUNDS = {1: 5, 8: 1}
IN_BRIEF = SIZE < 0.5
# What is aimed at, uncached, for one client; and the first map on the screen.
CHART_MS, MAP_S = 150, 3
SCREEN = {"width": 1440, "height": 900}


def national(path: Path) -> Path:
    """The small publication, its indicators copied and its quarters shifted back by two years at a time."""
    copies = max(1, round(COPIES * SIZE))
    suffix = "case when copie = 0 then '' else '_' || copie end"
    named = ", ".join(f"{name} || {suffix} as {name}" for name in ("code_indicateur", "libelle_indicateur"))
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"""
            create or replace table marts.tableau_de_bord as
            select * replace (
                {named},
                (left(trimestre, 4)::integer - 2 * recul) || right(trimestre, 2) as trimestre,
                left(periode, -4) || (right(periode, 4)::integer - 2 * recul) as periode,
                (date_trimestre - to_years(2 * recul))::date as date_trimestre,
                est_dernier_chiffre and recul = 0 as est_dernier_chiffre
            )
            from marts.tableau_de_bord, range({copies}) as c (copie), range({SHIFTS}) as r (recul)
            order by code_indicateur, niveau, code_territoire, trimestre
            """
        )
        for table in ("tableau_chiffres", "tableau_couverture"):
            connection.execute(
                f"create or replace table marts.{table} as "
                f"select * replace ({named}) from marts.{table}, range({copies}) as c (copie)"
            )
        catalogue = named.replace("libelle_indicateur", "libelle")
        connection.execute(
            "create or replace table marts.catalogue_indicateurs as "
            f"select * replace ({catalogue}) from marts.catalogue_indicateurs, range({copies}) as c (copie)"
        )
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A Superset on the publication to measure: (service, address)."""
    superset_service.skip_without_superset()
    with superset_service.prepared(tmp_path_factory.mktemp("banc")) as service:
        publication = service.settings.publication
        if PUBLICATION:
            shutil.copytree(PUBLICATION, publication / "versions" / VERSION)
        else:
            published_marts.publish(publication, VERSION)
            national(publication / "versions" / VERSION / "entrepot.duckdb")
        published_marts.serve(publication, VERSION)
        dashboards.refresh(VERSION, service.settings)
        with superset_service.serving(service) as address:
            yield service, address


@pytest.fixture(scope="module")
def browser():
    with browsing.started() as started:
        yield started


@pytest.fixture(scope="module")
def console():
    console = Console(width=170)
    console.print(f"\ncharge de la machine : {os.getloadavg()[0]:.1f} pour {os.cpu_count()} processeurs")
    return console


def in_turn(clients: list, questions: list, rounds: int, force: bool) -> dict:
    """Question -> seconds of each answer, the clients asking at the same time, each from another place."""
    seconds = defaultdict(list)

    def loop(number: int) -> None:
        start = number * len(questions) // len(clients)
        for question in (questions[start:] + questions[:start]) * rounds:
            seconds[question].append(page_requests.timed(question, clients[number], force)[0])

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(loop, range(len(clients))))
    return seconds


def on_duckdb_alone(service, http, questions: list) -> dict:
    """Question -> milliseconds of its SQL, at best, on an open connection with Superset's own settings."""
    (database,) = dashboards.of_kind(dashboards.load_assets(), "databases").values()
    arguments = database["extra"]["engine_params"]["connect_args"]
    found = {}
    with duckdb.connect(str(service.settings.published_warehouse), **arguments) as connection:
        for question in questions:
            statements = list(page_requests.sql_of(question.ask(http, force=True)))
            found[question] = sum(
                min(milliseconds(lambda sql=sql: connection.execute(sql).fetchall()) for _ in range(5))
                for sql in statements
            )
    return found


def milliseconds(work: Callable) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def p50_p95(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(1000 * second for second in seconds)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def test_the_data_of_every_chart(served, browser, console):
    service, address = served
    page = pages.open_page(browser)
    pages.log_in(page, service, address, "decideur")
    questions = page_requests.record(page, address, [chart_data.NATIONAL] if IN_BRIEF else None)
    clients = [page_requests.client_of(page, address) for _ in range(max(ROUNDS))]
    alone = on_duckdb_alone(service, clients[0], questions)
    columns, processor = {}, {}
    for count, rounds in ROUNDS.items():
        for force in (True, False):
            before = looking.processor_seconds()
            columns[count, force] = in_turn(clients[:count], questions, rounds, force)
            used = looking.processor_seconds() - before
            processor[count, force] = 1000 * used / (count * rounds * len(questions))
    floor = p50_p95([milliseconds(lambda: clients[0].get("/health")) / 1000 for _ in range(50)])
    console.print(_charts_table(questions, alone, columns))
    console.print(_summary(alone, columns, processor, floor))
    for http in clients:
        http.close()
    page.context.close()
    assert questions


def _charts_table(questions: list, alone: dict, columns: dict) -> Table:
    table = Table("page", "graphique ou filtre", "DuckDB seul", box=None, title="données, en ms : p50 / p95")
    for count, force in columns:
        table.add_column(f"{count} client{'s' * (count > 1)}, {'calculé' if force else 'en cache'}")
    table.add_column("× DuckDB")
    for question in questions:
        cells = [p50_p95(seconds[question]) for seconds in columns.values()]
        marks = [" ✗" if cells[0][1] > CHART_MS else "", *[""] * (len(cells) - 1)]
        table.add_row(
            question.page, question.name[:60], f"{alone[question]:.1f}",
            *(f"{p50:.0f} / {p95:.0f}{mark}" for (p50, p95), mark in zip(cells, marks, strict=True)),
            f"{cells[0][0] / alone[question]:.0f}",
        )  # fmt: skip
    return table


def _summary(alone: dict, columns: dict, processor: dict, floor: tuple[float, float]) -> str:
    lines = [f"{len(alone)} questions ; plancher du serveur (/health) : {floor[0]:.0f} / {floor[1]:.0f} ms"]
    for (count, force), seconds in columns.items():
        p50, p95 = p50_p95([second for each in seconds.values() for second in each])
        ratio = statistics.median(1000 * statistics.median(seconds[q]) / alone[q] for q in alone)
        how = "calculé" if force else "en cache"
        told = f"{p50:.0f} / {p95:.0f} ms, dont {processor[count, force]:.0f} de processeur"
        lines.append(
            f"{count} client{'s' * (count > 1)}, {how} : {told} ; médiane de {ratio:.0f} × DuckDB seul"
        )
    over = sum(p50_p95(seconds)[1] > CHART_MS for seconds in columns[1, True].values())
    return "\n".join([*lines, f"au-dessus du but de {CHART_MS} ms (p95, un client, calculé) : {over}"])


# Noted in the page from its start: the largest thing painted, the first map, the first tile of ours.
WATCH = """
window.seen = {};
new PerformanceObserver(list => { for (const e of list.getEntries()) window.seen.largest = e.startTime; })
  .observe({type: 'largest-contentful-paint', buffered: true});
const marks = {map: 'path.region', tile: '.as-bloc'};
const look = () => {
  for (const [name, selector] of Object.entries(marks))
    if (!window.seen[name] && document.querySelector(selector)) window.seen[name] = performance.now();
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def visit(page, address: str, slug: str) -> dict:
    """Seconds until what is seen, and what crossed the network, of one visit."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    weights = []

    def weigh(event: dict) -> None:
        weights.append(event["encodedDataLength"])

    session.on("Network.loadingFinished", weigh)
    page.goto(f"{address}/superset/dashboard/{slug}/")
    page.wait_for_selector(".as-fraicheur", timeout=120_000)
    if "carte" in pages.tiles(slug):
        page.locator("#CHART-carte").scroll_into_view_if_needed(timeout=120_000)
        page.wait_for_selector("path.region", state="attached", timeout=120_000)
    page.wait_for_function("s => !document.querySelector(s)", arg=pages.LOADING, timeout=120_000)
    page.wait_for_timeout(500)
    seen = page.evaluate("window.seen")
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    session.detach()
    return {
        "première peinture": first,
        "première tuile": seen.get("tile"),
        "plus grand élément": seen.get("largest"),
        "première carte": seen.get("map"),
        "Mo": sum(weights) / 1e6,
        "requêtes": len(weights),
    }


def test_what_a_person_waits_for(served, browser, console):
    service, address = served
    table = Table(
        "page", "visite", box=None, title=f"dans Chromium, {SCREEN['width']} × {SCREEN['height']}, en s"
    )
    names = None
    for slug in [chart_data.NATIONAL] if IN_BRIEF else pages.PAGES:
        # A context of its own, whose cache is emptied of the login page: everything is fetched.
        page = pages.open_page(browser, **SCREEN)
        pages.log_in(page, service, address, "decideur")
        page.add_init_script(WATCH)
        pages.leave(page)
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        for which in ("première", "suivante"):
            seen = visit(page, address, slug)
            if names is None:
                names = list(seen)
                for name in names:
                    table.add_column(name)
            table.add_row(slug, which, *(_cell(name, seen[name]) for name in names))
            pages.leave(page)
        page.close()
    console.print(table)
    assert names


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name == "requêtes":
        return str(value)
    if name == "Mo":
        return f"{value:.2f}"
    late = " ✗" if name == "première carte" and value > 1000 * MAP_S else ""
    return f"{value / 1000:.2f}{late}"
