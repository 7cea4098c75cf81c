"""The dashboard in a real browser, as a decision maker sees it."""

import re

import pytest

import browsing
import published_marts

pytestmark = [pytest.mark.browser, pytest.mark.superset, pytest.mark.xdist_group("superset")]

ENGLISH = re.compile(
    r"\b(Filters|Apply|Clear all|No data|No results|Loading|Settings|Error|Sign in|Rows?|Search|Value)\b"
)


@pytest.fixture(scope="module")
def browser(superset):
    with browsing.started() as started:
        yield started


def _logged_in(browser, superset, address: str, login: str):
    """A page just after the login form, wherever that leads."""
    opened = browser.new_page(viewport={"width": 1440, "height": 1700}, locale="fr-FR")
    opened.goto(f"{address}/login/")
    opened.fill("input#username, input[name=username]", login)
    opened.fill("input[type=password]", superset.password(login))
    assert not ENGLISH.search(opened.inner_text("body"))
    opened.press("input[type=password]", "Enter")
    opened.wait_for_url(lambda url: "/login" not in url)
    return opened


@pytest.fixture(scope="module")
def page(browser, superset, superset_address):
    """The dashboard as a decision maker lands on it, drawn."""
    opened = _logged_in(browser, superset, superset_address, "decideur")
    opened.wait_for_selector("path.region[style*='fill: rgb']", timeout=90_000)
    for marker in (".as-cartes", ".as-legende", ".as-definition", "text=82 – Tarn-et-Garonne"):
        opened.wait_for_selector(marker, timeout=60_000)
    yield opened
    opened.close()


def test_a_decision_maker_lands_on_the_dashboard(page):
    assert "/superset/dashboard/acces-aux-soins/" in page.url


def test_a_statistician_lands_at_home(browser, superset, superset_address):
    opened = _logged_in(browser, superset, superset_address, "statisticien")
    assert opened.url.endswith("/superset/welcome/")
    opened.close()


def _filled(page) -> int:
    return page.evaluate(
        "[...document.querySelectorAll('path.region')].filter(e => e.style.fill.startsWith('rgb')).length"
    )


def test_the_map_has_its_101_departements(page):
    code, quarter = published_marts.INDICATORS[0][0], published_marts.QUARTERS[-1]
    with_value = sum(
        row["valeur"] is not None
        for row in published_marts.rows_of_the_dashboard()
        if (row["code_indicateur"], row["trimestre"], row["niveau"]) == (code, quarter, "departement")
    )
    assert page.locator("path.region").count() == 101
    assert _filled(page) == with_value


def test_trial_data_say_so(page):
    assert page.locator(".as-essai").is_visible()
    assert "chiffres fictifs" in page.inner_text(".as-essai")
    assert "dernière publication\u00a0: 20 janvier 2026" in page.inner_text(".as-fraicheur")


def test_everything_is_in_french_and_nothing_failed(page):
    text = page.inner_text("body")
    assert not ENGLISH.search(text), ENGLISH.search(text)
    assert page.locator("[role=alert]").count() == 0


def test_the_figures_carry_their_unit(page):
    assert re.search(r"\d,\d\s%", page.inner_text(".as-cartes"))


def test_the_dashboard_opens_on_the_last_quarter(page):
    assert "France · 4e trimestre 2025" in page.inner_text(".as-cartes")
    assert "4e trimestre 2025" in page.inner_text(".as-legende")


def test_no_text_is_cut(page):
    for tile in ("bandeau", "chiffres_cles", "legende", "definition", "fraicheur"):
        cut = page.evaluate(
            "id => { const tile = document.getElementById(id).parentElement;"
            " const ends = [...tile.querySelectorAll('tbody')].map(t => t.getBoundingClientRect().bottom);"
            " return Math.max(...ends) - tile.getBoundingClientRect().bottom; }",
            f"CHART-{tile}",
        )
        assert cut <= 0, tile
