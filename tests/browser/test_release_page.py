"""The page of a release and the dictionary, in a real browser: what is seen, and what WCAG AA asks."""

import dataclasses
import datetime as dt

import duckdb
import pytest

import browsing
import small_release
from acces_soins import agenda, formats
from acces_soins.formats import about as texts
from acces_soins.formats import rendering

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("release_page")]

WIDTHS = (1440, 390)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
ALD = "taux_ald_sans_mt"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    root = tmp_path_factory.mktemp("release")
    database = small_release.build(root / "entrepot.duckdb")
    with duckdb.connect(str(database)) as connection:
        connection.execute("update marts.catalogue_indicateurs set sens = 'neutre' where theme = 'offre'")
    for name, trial in (("essai", True), ("reel", False)):
        (root / name).mkdir()
        formats.write(database, root / name, dataclasses.replace(small_release.ABOUT, trial=trial))
    rendering.render(
        "publications.html.j2",
        root / "publications.html",
        trial=True,
        releases=[
            {
                "publication": f"2026T3-r{rank}", "trimestre": "2026T3",
                "figee_le": "2026-11-19T09:00:00+00:00",
                "corrige": "2026T3-r0" if rank else None, "corrigee_par": None if rank else "2026T3-r1",
                "raisons": "Fichier corrigé par son producteur.", "page": "essai/index.html",
            }
            for rank in (1, 0)
        ],
        coming=agenda.announced()[1:],
        today=dt.date(2026, 11, 22),
        states=agenda.STATES,
    )  # fmt: skip
    return root


@pytest.fixture(scope="module")
def browser():
    with browsing.started() as started:
        yield started


@pytest.fixture
def opened(browser, release):
    """Open a file of the release at a width; whatever leaves the folder or fails is kept in ``asked``."""
    pages = []

    def open_page(name: str = "essai/index.html", width: int = 1440):
        page = browser.new_page(viewport={"width": width, "height": 900}, locale="fr-FR")
        pages.append(page)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.asked.append(message.text))
        page.on("pageerror", lambda error: page.asked.append(str(error)))
        page.goto(f"file://{release / name}")
        return page

    yield open_page
    for page in pages:
        page.close()


def violations(page, rules=RULES) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=rules).response["violations"]
    return [f"{v['id']} ({v['impact']}) : {v['nodes'][0]['html'][:120]}" for v in found]


def fill(page, code: str) -> str:
    return page.evaluate(f"document.querySelector('[data-code=\"{code}\"]').style.fill").replace('"', "")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_accessible_and_fits(opened, width):
    page = opened(width=width)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert [url for url in page.asked if not url.endswith("index.html")] == []


def test_the_dictionary_is_accessible_and_fits(opened):
    page = opened("essai/dictionnaire.html", 390)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert "Ne permet pas de dire" in page.inner_text(f"#{ALD}")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_of_releases_is_accessible_and_fits(opened, width):
    page = opened("publications.html", width)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    cell = page.locator("text=Corrigée par 2026T3-r1.").bounding_box()
    assert cell["x"] + cell["width"] <= width


def test_the_checker_sees_what_is_wrong(opened):
    page = opened()
    page.evaluate("document.querySelector('label[for=indicateur]').remove()")
    assert violations(page, {"runOnly": {"type": "rule", "values": ["select-name"]}}) != []


def test_trial_data_say_so_and_real_data_do_not(opened):
    assert texts.TRIAL in opened().inner_text(".essai")
    assert opened("reel/index.html").locator(".essai").count() == 0


def test_the_map_tells_apart_what_is_not_a_figure_of_the_quarter(opened):
    page = opened()
    fills = {fill(page, code) for code in ("01", "02", "13", "75", "974")}
    assert all(colour.startswith("rgb") for colour in fills) and len(fills) > 1
    assert fill(page, "976") == "url(#m-masque)"
    assert fill(page, "93") == "url(#m-non_disponible)"
    dots = page.evaluate("document.querySelector('[data-points=\"23\"]').style.fill").replace('"', "")
    assert dots == "url(#m-reporte)"
    legend = page.inner_text("#legende")
    for expected in (
        "le plus favorable",
        "le moins favorable",
        "Masqué",
        "Non disponible",
        "Points : reporté",
    ):
        assert expected in legend


def test_a_neutral_indicator_is_not_judged(opened):
    page = opened()
    page.select_option("#indicateur", label="Médecins généralistes libéraux")
    assert "favorable" not in page.inner_text("#legende")


def test_choosing_changes_map_table_and_title(opened):
    page = opened()
    before = page.inner_text("#lignes")
    page.select_option("#trimestre", label="1er trimestre 2024")
    assert "1er trimestre 2024" in page.inner_text("#titre-tableau")
    assert page.inner_text("#lignes") != before
    page.select_option("#indicateur", label="Délai moyen d'accès aux spécialistes")
    assert page.locator("#lignes tr").count() == 101
    assert page.inner_text("#lignes").count("Non disponible (aucune source)") == 101
    assert fill(page, "01") == "url(#m-non_disponible)"


def test_the_table_is_sorted_without_putting_absent_values_first(opened):
    page = opened()
    page.click("th[data-tri=valeur] button")
    page.click("th[data-tri=valeur] button")
    values = page.locator("#lignes td.nombre").all_inner_texts()
    shown = [float(value.replace(",", ".")) for value in values if value != "—"]
    assert shown == sorted(shown, reverse=True) and values[-1] == "—"
    assert page.get_attribute("th[data-tri=valeur]", "aria-sort") == "descending"


def test_pointing_at_a_departement_reads_its_figure(opened):
    page = opened()
    page.dispatch_event('[data-code="976"]', "click")
    told = page.inner_text("#detail")
    assert "976 – Mayotte" in told and "Aucune valeur" in told and "Masqué (NC)" in told
    assert "France" in told


@pytest.mark.long
@pytest.mark.parametrize("width", (1440, 1024, 768, 390, 320))
@pytest.mark.parametrize("name", ("essai/index.html", "reel/index.html", "essai/dictionnaire.html"))
def test_every_page_state_is_accessible(opened, name, width):
    page = opened(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    if name.endswith("index.html"):
        for rank in range(page.locator("#indicateur option").count()):
            page.select_option("#indicateur", index=rank)
            for quarter in (0, 4):
                page.select_option("#trimestre", index=quarter)
                assert violations(page) == []
