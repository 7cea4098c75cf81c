"""The dashboards in a real browser, as people see them: one of each kind; the sweep sees all of them."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

import browsing
import page_requests
import pages
import published_marts
from acces_soins.cli import app
from pages import DEPARTEMENT, NATIONAL, REGION

BRETON = ("22", "29", "35", "56")

pytestmark = [pytest.mark.browser, pytest.mark.superset, pytest.mark.xdist_group("superset")]


@pytest.fixture(scope="module")
def browser(superset):
    with browsing.started() as started:
        yield started


@pytest.fixture(scope="module")
def page(browser, superset, superset_address):
    """The first dashboard as a decision maker lands on it, drawn."""
    opened = pages.open_page(browser)
    pages.log_in(opened, superset, superset_address, "decideur")
    pages.draw(opened, NATIONAL)
    yield opened
    opened.close()


def test_a_decision_maker_lands_on_the_dashboard(page):
    assert "/superset/dashboard/acces-aux-soins/" in page.url


def test_a_statistician_lands_at_home_and_reaches_every_page_of_the_menu(browser, superset, superset_address):
    opened = pages.open_page(browser)
    pages.log_in(opened, superset, superset_address, "statisticien")
    assert opened.url.endswith("/superset/welcome/")
    own = ("/dashboard/list/", "/chart/list/", "/sqllab/", "/sqllab/history/", "/savedqueryview/list/")
    refused = {link: opened.request.get(f"{superset_address}{link}").status for link in own}
    assert set(refused.values()) == {200}, refused
    opened.close()


@pytest.mark.parametrize("slug", [NATIONAL, DEPARTEMENT])
def test_a_page_that_opens_asks_each_chart_once(browser, superset, superset_address, slug):
    opened = pages.open_page(browser)
    pages.log_in(opened, superset, superset_address, "decideur")
    asked = [question.name for question in page_requests.opening(opened, superset_address, slug)]
    charts = Counter(name for name in asked if not name.startswith("filtre "))
    assert set(charts.values()) == {1}, charts
    opened.close()


def test_the_national_page_has_no_fault(page):
    assert pages.faults(page, NATIONAL) == []
    pages.keep(page, "vue_nationale")


def test_what_is_ours_on_the_page_is_accessible(page):
    page.evaluate("window.scrollTo(0, 0)")
    assert pages.axe_faults(page) == []


def test_the_checker_sees_what_is_wrong(page):
    page.locator("#CHART-bandeau").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('.as-essai').style.color = '#c05000'")
    assert any(fault.startswith("color-contrast") for fault in pages.axe_faults(page))
    page.evaluate("document.querySelector('.as-essai').style.color = ''")


def _last(code: str, territory: str) -> dict:
    """What the published mart says of a département at its last quarter."""
    keys = ("code_indicateur", "trimestre", "niveau", "code_territoire")
    wanted = (code, published_marts.QUARTERS[-1], "departement", territory)
    return next(r for r in published_marts.rows_of_the_dashboard() if tuple(r[k] for k in keys) == wanted)


def test_the_map_colours_the_departements_that_have_a_value(page):
    code, quarter = published_marts.INDICATORS[0][0], published_marts.QUARTERS[-1]
    with_value = sum(
        row["valeur"] is not None
        for row in published_marts.rows_of_the_dashboard()
        if (row["code_indicateur"], row["trimestre"], row["niveau"]) == (code, quarter, "departement")
    )
    pages.tile(page, "carte")
    filled = (
        "[...document.querySelectorAll('path.region')].filter(e => e.style.fill.startsWith('rgb')).length"
    )
    page.wait_for_function(f"{filled} === {with_value}", timeout=60_000)


@pytest.mark.parametrize("code", ["2A", "2B", "75", "976", "29"])
def test_the_right_departement_is_under_the_pointer(page, code):
    row = _last(published_marts.INDICATORS[0][0], code)
    pages.tile(page, "carte")
    name, *value = pages.pointed_at(page, row["code_iso_3166_2"])
    assert name == row["libelle_territoire"]
    shown = "" if row["valeur"] is None else f"{row['valeur']:.2f}".rstrip("0").rstrip(".").replace(".", ",")
    assert "".join(value) == shown


def test_masked_carried_and_absent_shapes_do_not_look_the_same(page):
    pages.tile(page, "carte")
    looks = {
        iso: page.evaluate(
            "iso => { const s = getComputedStyle([...document.querySelectorAll('path.region')]"
            ".find(p => p.__data__.properties.ISO === iso)); return [s.fill, s.strokeDasharray]; }",
            iso,
        )
        for iso in ("FR-YT", "FR-93", "FR-23", "FR-29")
    }
    masked, absent, carried, observed = looks.values()
    assert masked == ["rgb(146, 146, 146)", "none"] and absent == ["none", "none"]
    assert carried[0].startswith("rgb") and carried[1] != "none"
    assert observed[0].startswith("rgb") and observed[1] == "none"


def test_trial_data_say_so(page):
    pages.tile(page, "bandeau")
    assert "chiffres fictifs" in page.inner_text(".as-essai")
    assert pages.marked_as_trial(page) == {True}
    band = page.inner_text(".as-fraicheur")
    assert "dernière publication\u00a0: 20 janvier 2026" in band
    assert "prochaine publication trimestrielle\u00a0: 19/02/2099" in band


def test_the_figures_carry_their_unit_and_their_quarter(page):
    pages.tile(page, "chiffres_cles")
    cards = page.inner_text(".as-cartes")
    assert re.search(r"\d,\d\s%", cards)
    assert "France · 4e trimestre 2025" in cards
    assert "4e trimestre 2025" in page.inner_text(".as-legende")


@pytest.fixture
def as_published(superset, use_settings):
    """What « acces-soins sql » and the published files say of a département: value and status."""
    use_settings(donnees=superset.settings.donnees)
    files = superset.settings.current / "fichiers"
    question = (
        "select valeur, statut from {} where code_indicateur = '{}' and niveau = 'departement'"
        " and code_territoire = '{}' and trimestre = '{}'"
    )

    def ask(code: str, territory: str) -> list[tuple]:
        key = (code, territory, published_marts.QUARTERS[-1])
        asked = CliRunner().invoke(
            app, ["sql", question.format("marts.indicateurs_trimestriels", *key), "--format", "json"]
        )
        assert asked.exit_code == 0, asked.output
        answers = [tuple(row.values()) for row in json.loads(asked.stdout)]
        for kind in ("parquet", "csv"):
            file = files / f"indicateurs_trimestriels.{kind}"
            answers += duckdb.sql(question.format(f"'{file}'", *key)).fetchall()
        return answers

    return ask


@pytest.mark.parametrize(("territory", "status"), [("29", "observe"), ("23", "reporte"), ("976", "masque")])
def test_the_figure_shown_is_the_one_of_the_command_and_of_the_files(page, as_published, territory, status):
    code, _label, _unit, decimals, *_ = published_marts.INDICATORS[0]
    by_command, by_parquet, by_csv = as_published(code, territory)
    assert by_command == by_parquet == by_csv and by_command[1] == status
    own_cell = page.locator("td", has_text=re.compile(rf"^{territory} – "))
    line = pages.tile(page, "classement").locator("tbody tr").filter(has=own_cell).first
    line.wait_for(state="attached")
    cells = [cell.strip("\u2007 ") for cell in line.locator("td").all_inner_texts()]
    shown = cells[3]
    assert shown == ("–" if by_command[0] is None else published_marts.french(by_command[0], decimals))
    assert cells[8].startswith(published_marts.STATUS_LABELS[status])


def test_no_text_is_cut(page):
    for name in ("bandeau", "vedettes", "chiffres_cles", "legende", "mouvements", "definition"):
        pages.tile(page, name).locator("tbody").first.wait_for(state="attached")
        cut = page.evaluate(
            "id => { const tile = document.getElementById(id).parentElement;"
            " const ends = [...tile.querySelectorAll('tbody')].map(t => t.getBoundingClientRect().bottom);"
            " return Math.max(...ends) - tile.getBoundingClientRect().bottom; }",
            f"CHART-{name}",
        )
        assert cut <= 0, name


def test_one_reaches_a_departement_through_its_region(page):
    page.locator(".as-navigation a", has_text="Mon département").click()
    page.wait_for_url("**/mon-departement/**")
    pages.draw(page, DEPARTEMENT)
    assert pages.faults(page, DEPARTEMENT) == []
    pages.choose(page, "region", "Bretagne")
    # the département that was shown is not of this region: its first one takes the place
    page.wait_for_selector('[title="22 – Côtes-d\'Armor"]', timeout=60_000)
    breton = {"22 – Côtes-d'Armor", "29 – Finistère", "35 – Ille-et-Vilaine", "56 – Morbihan"}
    assert set(pages.options(page, "departement").all_inner_texts()) == breton
    page.keyboard.press("Escape")
    pages.choose(page, "departement", "29 – Finistère")
    page.wait_for_selector(".as-titre:has-text('29 – Finistère')", timeout=60_000)
    with page.expect_download() as started:
        page.get_by_text("tous les chiffres de ce département").click()
    text = Path(started.value.path()).read_text(encoding="utf-8-sig")
    first = next(row for row in csv.DictReader(text.splitlines(), delimiter=";"))
    assert (first["code_departement"], first["nature"]) == ("29", published_marts.TRIAL)
    pages.keep(page, "mon_departement")


CLICKS = """
addEventListener('pointerdown', () => sessionStorage.clics = 1 + Number(sessionStorage.clics ?? 0), true)
"""


def test_a_newcomer_is_five_clicks_from_a_figure_its_freshness_and_its_file(
    browser, superset, superset_address
):
    """From where one lands: how does my département do on ALD sans médecin traitant, is it fresh, take it."""
    opened = pages.open_page(browser)
    opened.add_init_script(CLICKS)
    pages.log_in(opened, superset, superset_address, "decideur")
    # A click while Superset still writes the state of its filters into the address is lost.
    pages.draw(opened, NATIONAL)
    opened.evaluate("sessionStorage.clics = 0")
    opened.locator(".as-navigation a", has_text="Mon département").click()
    opened.wait_for_url("**/mon-departement/**")
    pages.draw(opened, DEPARTEMENT)
    pages.choose(opened, "departement", "28 – Eure-et-Loir")
    opened.wait_for_selector(".as-titre:has-text('28 – Eure-et-Loir')", timeout=60_000)
    published = _last("taux_ald_sans_mt", "28")
    shown = (
        pages.tile(opened, "chiffres_departement")
        .locator("tbody tr")
        .filter(has_text=published["libelle_indicateur"])
    )
    shown.filter(has_text=published_marts.french(published["valeur"], 1)).first.wait_for(timeout=60_000)
    line = shown.first.inner_text()
    assert "Observé" in line and "31/12/2025" in line
    with opened.expect_download() as started:
        opened.get_by_text("tous les chiffres de ce département").click()
    rows = list(csv.DictReader(Path(started.value.path()).read_text("utf-8-sig").splitlines(), delimiter=";"))
    keys = ("code_departement", "code_indicateur", "trimestre")
    (row,) = [
        r
        for r in rows
        if tuple(r[k] for k in keys) == ("28", "taux_ald_sans_mt", published_marts.QUARTERS[-1])
    ]
    assert float(row["valeur"].replace(",", ".")) == pytest.approx(published["valeur"])
    assert opened.evaluate("Number(sessionStorage.clics)") == 5
    opened.close()


def test_the_map_frames_the_region(page):
    page.locator(".as-navigation a", has_text="Ma région").click()
    page.wait_for_url("**/ma-region/**")
    pages.draw(page, REGION)
    pages.choose(page, "region", "Bretagne")
    page.wait_for_selector(".as-cadre-53", state="attached", timeout=60_000)
    pages.tile(page, "carte")
    for code in BRETON:
        assert pages.pointed_at(page, f"FR-{code}")[0] == _last("nb_msp", code)["libelle_territoire"]
    shown = page.locator("svg:has(.map-layer)").bounding_box()
    boxes = [pages.box_of(page, f"FR-{code}") for code in BRETON]
    left, right = min(b["left"] for b in boxes), max(b["right"] for b in boxes)
    assert shown["x"] <= left and right <= shown["x"] + shown["width"]
    assert right - left > 0.6 * shown["height"]
    pages.keep(page, "ma_region")
