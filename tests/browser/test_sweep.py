"""Every dashboard for everyone at every width: pictures, faults, accessibility, cascades, all the shapes.

On the small publication of the tests, and on any other whose data root ``ACCES_SOINS_VUE`` names
(``donnees/essai`` after ``make run``, ``donnees/reel`` after ``make real``).
"""

import os
from pathlib import Path

import pytest

import browsing
import pages
import superset_service

pytestmark = [
    pytest.mark.browser,
    pytest.mark.superset,
    pytest.mark.long,
    pytest.mark.xdist_group("superset"),
]

SEEN = os.environ.get("ACCES_SOINS_VUE")
VISITOR = "public"
PEOPLE = ("decideur", "statisticien", "admin", VISITOR)


@pytest.fixture(scope="module", params=["petite", "vue"])
def shown(request, tmp_path_factory):
    """A Superset that shows a publication to everyone, and its address; its name tells the pictures apart."""
    superset_service.skip_without_superset()
    if request.param == "vue" and not SEEN:
        pytest.skip("ACCES_SOINS_VUE ne nomme aucune publication à regarder")
    root = Path(SEEN).resolve() if request.param == "vue" else None
    folder = tmp_path_factory.mktemp(request.param)
    with (
        superset_service.prepared(folder, public=True, root=root) as service,
        superset_service.serving(service) as address,
    ):
        yield root.name if root else request.param, service, address


@pytest.fixture(scope="module")
def browser():
    with browsing.started() as started:
        yield started


@pytest.fixture(scope="module")
def opened(browser, shown):
    """Open a dashboard as somebody, drawn; one session for each person and width."""
    _name, service, address = shown
    sessions = {}

    def open_as(login: str, width: int, slug: str):
        if (login, width) not in sessions:
            page = sessions[login, width] = pages.open_page(browser, width)
            if login != VISITOR:
                pages.log_in(page, service, address, login)
        page = sessions[login, width]
        pages.visit(page, address, slug)
        return page

    yield open_as
    for page in sessions.values():
        page.close()


@pytest.mark.parametrize("width", pages.WIDTHS)
@pytest.mark.parametrize("login", PEOPLE)
@pytest.mark.parametrize("slug", pages.PAGES)
def test_every_page_for_everyone_at_every_width(opened, shown, slug, login, width):
    page = opened(login, width, slug)
    pages.keep(page, f"{shown[0]}-{slug}-{login}-{width}")
    assert pages.faults(page, slug) == []
    band = pages.tile(page, "bandeau").inner_text()
    assert ("chiffres fictifs" in band) == (shown[0] != "reel")
    assert pages.marked_as_trial(page) == {shown[0] != "reel"}


@pytest.mark.parametrize("width", pages.WIDTHS)
@pytest.mark.parametrize("slug", pages.PAGES)
def test_what_is_ours_is_accessible_on_every_page(opened, slug, width):
    page = opened("decideur", width, slug)
    with pages.whole_in_view(page):
        assert pages.axe_faults(page) == []


@pytest.mark.parametrize(
    "slug",
    [slug for slug, page in pages.PAGES.items() if {"region", "departement"} <= pages.filters_of(page)],
)
def test_the_departements_offered_are_those_of_the_region(opened, slug):
    page = opened("decideur", 1440, slug)
    pages.choose(page, "region", "Corse")
    page.wait_for_load_state("networkidle")
    assert set(pages.options(page, "departement").all_inner_texts()) == {
        "2A – Corse-du-Sud",
        "2B – Haute-Corse",
    }


def test_every_shape_of_the_map_says_its_departement(opened):
    page = opened("decideur", 1440, pages.NATIONAL)
    pages.tile(page, "carte")
    names = {iso: pages.pointed_at(page, iso)[0] for iso in pages.shapes(page)}
    assert names == pages.names_of_the_shapes()


def test_who_has_no_account_has_neither_sql_nor_menus_of_it(opened, shown):
    page = opened(VISITOR, 1440, pages.NATIONAL)
    assert "SQL Lab" not in page.inner_text("body")
    pages.leave(page)
    page.goto(f"{shown[2]}/sqllab/")
    assert "/login/" in page.url
    page.goto(f"{shown[2]}/")
    assert "/superset/dashboard/acces-aux-soins/" in page.url
