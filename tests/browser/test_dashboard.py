"""The dashboards in a real browser, as people see them.

The quick pass walks through two of them; « make test-long » sees all, for each role and width.
"""

import csv
import os
import re
from pathlib import Path

import pytest

import browsing
import published_marts
from acces_soins import dashboards

pytestmark = [pytest.mark.browser, pytest.mark.superset, pytest.mark.xdist_group("superset")]

ENGLISH = re.compile(
    r"\b(Filters|Apply|Clear all|No data|No results|Loading|Settings|Error|Sign in|Rows?|Search|Value)\b"
)


@pytest.fixture(scope="module")
def browser(superset):
    with browsing.started() as started:
        yield started


PAGES = {page["slug"]: page for page in dashboards.of_kind(dashboards.load_assets(), "dashboards").values()}
NATIONAL, DEPARTEMENT = "acces-aux-soins", "mon-departement"
# Superset says « chargement » with these; none is left once a page is drawn.
LOADING = "[data-test=loading-indicator], .loading"
REPORTS = os.environ.get("ACCES_SOINS_CAPTURES")


def _logged_in(browser, superset, address: str, login: str, width: int = 1440):
    """A page just after the login form, wherever that leads."""
    opened = browser.new_page(viewport={"width": width, "height": 1700}, locale="fr-FR")
    opened.goto(f"{address}/login/")
    opened.fill("input#username, input[name=username]", login)
    opened.fill("input[type=password]", superset.password(login))
    assert not ENGLISH.search(opened.inner_text("body"))
    opened.press("input[type=password]", "Enter")
    opened.wait_for_url(lambda url: "/login" not in url)
    return opened


def _draw(page, slug: str) -> None:
    """Wait until every tile of the dashboard is drawn: Superset draws a tile when it comes into view."""
    page.wait_for_selector(".as-navigation", timeout=90_000)
    for name in _tiles(slug):
        tile = page.locator(f"#CHART-{name}")
        tile.scroll_into_view_if_needed(timeout=60_000)
        holder = f".dashboard-component-chart-holder:has(#CHART-{name})"
        drawn = "path.region" if name == "carte" else "canvas, tbody td"
        page.locator(holder).locator(drawn).first.wait_for(state="attached", timeout=90_000)
    page.wait_for_function("selector => !document.querySelector(selector)", arg=LOADING, timeout=90_000)


def _tiles(slug: str) -> list[str]:
    """Names of the dashboard's tiles, in the order of its rows."""
    return [
        item["id"].removeprefix("CHART-")
        for item in PAGES[slug]["position"].values()
        if isinstance(item, dict) and item.get("type") == "CHART"
    ]


def _keep(page, name: str) -> None:
    """A picture for the eye, where ACCES_SOINS_CAPTURES names a folder."""
    if REPORTS:
        page.screenshot(path=Path(REPORTS) / f"{name}.png", full_page=True)


def _faults(page, slug: str) -> list[str]:
    """What a reader would stumble over on a drawn page."""
    found = []
    text = page.inner_text("body")
    if english := ENGLISH.search(text):
        found.append(f"anglais : {english.group()}")
    if alerts := page.locator("[role=alert]").all_inner_texts():
        found.append(f"alertes : {alerts}")
    if not page.locator(".as-essai").is_visible():
        found.append("rien ne dit que les données sont d'essai")
    for name in _tiles(slug):
        holder = page.locator(f".dashboard-component-chart-holder:has(#CHART-{name})")
        if (
            name != "carte"
            and not holder.locator("canvas").count()
            and not holder.locator("td").first.inner_text().strip()
        ):
            found.append(f"tuile vide : {name}")
    if "carte" in _tiles(slug) and (shapes := page.locator("path.region").count()) != 101:
        found.append(f"carte de {shapes} formes")
    return found


@pytest.fixture(scope="module")
def page(browser, superset, superset_address):
    """The first dashboard as a decision maker lands on it, drawn."""
    opened = _logged_in(browser, superset, superset_address, "decideur")
    _draw(opened, NATIONAL)
    yield opened
    opened.close()


def test_a_decision_maker_lands_on_the_dashboard(page):
    assert "/superset/dashboard/acces-aux-soins/" in page.url


def test_a_statistician_lands_at_home(browser, superset, superset_address):
    opened = _logged_in(browser, superset, superset_address, "statisticien")
    assert opened.url.endswith("/superset/welcome/")
    opened.close()


def test_the_national_page_has_no_fault(page):
    assert _faults(page, NATIONAL) == []
    _keep(page, "vue_nationale")


def test_the_map_colours_the_departements_that_have_a_value(page):
    code, quarter = published_marts.INDICATORS[0][0], published_marts.QUARTERS[-1]
    with_value = sum(
        row["valeur"] is not None
        for row in published_marts.rows_of_the_dashboard()
        if (row["code_indicateur"], row["trimestre"], row["niveau"]) == (code, quarter, "departement")
    )
    filled = (
        "[...document.querySelectorAll('path.region')].filter(e => e.style.fill.startsWith('rgb')).length"
    )
    page.wait_for_function(f"{filled} === {with_value}", timeout=60_000)


def test_trial_data_say_so(page):
    assert "chiffres fictifs" in page.inner_text(".as-essai")
    assert "dernière publication\u00a0: 20 janvier 2026" in page.inner_text(".as-fraicheur")


def test_the_figures_carry_their_unit_and_their_quarter(page):
    cards = page.inner_text(".as-cartes")
    assert re.search(r"\d,\d\s%", cards)
    assert "France · 4e trimestre 2025" in cards
    assert "4e trimestre 2025" in page.inner_text(".as-legende")


def test_no_text_is_cut(page):
    for tile in ("bandeau", "vedettes", "chiffres_cles", "legende", "mouvements", "definition"):
        cut = page.evaluate(
            "id => { const tile = document.getElementById(id).parentElement;"
            " const ends = [...tile.querySelectorAll('tbody')].map(t => t.getBoundingClientRect().bottom);"
            " return Math.max(...ends) - tile.getBoundingClientRect().bottom; }",
            f"CHART-{tile}",
        )
        assert cut <= 0, tile


OPTION = ".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option"


def _open_filter(page, name: str):
    """Open the choices of a filter of the bar; the value that is shown lies over the field."""
    page.locator(f"#NATIVE_FILTER-{name}").click(force=True)
    page.locator(OPTION).first.wait_for()
    return page.locator(OPTION)


def _choose(page, name: str, value: str) -> None:
    _open_filter(page, name)
    page.keyboard.type(value)
    page.locator(OPTION, has_text=value).first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Appliquer").click()


def test_one_reaches_a_departement_through_its_region(page):
    page.locator(".as-navigation a", has_text="Mon département").click()
    page.wait_for_url("**/mon-departement/**")
    _draw(page, DEPARTEMENT)
    assert _faults(page, DEPARTEMENT) == []
    _choose(page, "region", "Bretagne")
    # the département that was shown is not of this région: its first one takes the place
    page.wait_for_selector('[title="22 – Côtes-d\'Armor"]', timeout=60_000)
    options = _open_filter(page, "departement")
    breton = {"22 – Côtes-d'Armor", "29 – Finistère", "35 – Ille-et-Vilaine", "56 – Morbihan"}
    assert set(options.all_inner_texts()) == breton
    page.keyboard.press("Escape")
    _choose(page, "departement", "29 – Finistère")
    page.wait_for_selector(".as-titre:has-text('29 – Finistère')", timeout=60_000)
    with page.expect_download() as started:
        page.get_by_text("tous les chiffres de ce département").click()
    text = Path(started.value.path()).read_text(encoding="utf-8-sig")
    first = next(row for row in csv.DictReader(text.splitlines(), delimiter=";"))
    assert (first["code_departement"], first["nature"]) == ("29", published_marts.TRIAL)
    _keep(page, "mon_departement")


@pytest.mark.long
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("login", ["decideur", "statisticien", "admin"])
@pytest.mark.parametrize("slug", PAGES)
def test_every_page_for_everyone_at_every_width(browser, superset, superset_address, slug, login, width):
    opened = _logged_in(browser, superset, superset_address, login, width)
    opened.goto(f"{superset_address}/superset/dashboard/{slug}/")
    _draw(opened, slug)
    _keep(opened, f"{slug}-{login}-{width}")
    assert _faults(opened, slug) == []
    opened.close()
