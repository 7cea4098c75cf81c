"""A dashboard in a browser: reach it, wait until it is drawn, look for what a reader would stumble over."""

import csv
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acces_soins import dashboards
from acces_soins.settings import PROJECT

PAGES = {page["slug"]: page for page in dashboards.of_kind(dashboards.load_assets(), "dashboards").values()}
NATIONAL, DEPARTEMENT, REGION = "acces-aux-soins", "mon-departement", "ma-region"
WIDTHS = (1440, 390)
# Pictures for the eye: the runner's business, read before tests change the settings.
REPORTS = Path(os.environ.get("ACCES_SOINS_CAPTURES") or PROJECT / "rapports" / "captures")

ENGLISH = re.compile(
    r"\b(Filters?|Apply|Clear all|No data|No results|Loading|Settings|Error|Sign in|Log ?in|Logout|Rows?|"
    r"Search|Values?|Dashboards?|Charts?|Datasets?|Home|Save|Edit|Download|Share|Refresh|Cached|Fetched|"
    r"minutes ago|Select|Choose|Required|Untitled|Loading|Show|Hide|Next|Previous|null|NaN|undefined)\b"
)
# What a reader sees of HTML that is shown as text.
MARKUP = re.compile(r"&(?:[a-z]+|#\d+);|</?(?:div|span|b|br)\b")
# The lines of a chart come on screen little by little; only the pictures wait for their end.
PAINTING = 1200
# Superset says « chargement » with these; none is left once a page is drawn.
LOADING = "[data-test=loading-indicator], .loading"
EMPTY = ".ant-empty, [data-test=empty-state], .alert-danger"
ALL_DRAWN = """loading => !document.querySelector(loading) &&
  [...document.querySelectorAll('.dashboard-chart')].every(c => c.querySelector('canvas, td, path.region'))"""
OPTION = ".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option"


def open_page(browser, width: int = 1440, height: int = 1700):
    """A page of a context of its own, in French."""
    return browser.new_page(viewport={"width": width, "height": height}, locale="fr-FR")


def leave(page) -> None:
    """A page that writes the state of its filters into its address would stop the next one from opening."""
    page.goto("about:blank")


def log_in(page, superset, address: str, login: str) -> None:
    """Through the login form, wherever that leads."""
    page.goto(f"{address}/login/")
    page.fill("input#username, input[name=username]", login)
    page.fill("input[type=password]", superset.password(login))
    assert not ENGLISH.search(page.inner_text("body"))
    page.press("input[type=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url, timeout=90_000)


def visit(page, address: str, slug: str) -> None:
    """Open a dashboard, drawn."""
    leave(page)
    page.goto(f"{address}/superset/dashboard/{slug}/")
    draw(page, slug)


def tiles(slug: str) -> list[str]:
    """Names of the dashboard's tiles, in the order of its rows."""
    return [
        item["id"].removeprefix("CHART-")
        for item in PAGES[slug]["position"].values()
        if isinstance(item, dict) and item.get("type") == "CHART"
    ]


def tile(page, name: str):
    """The tile where it stands: Superset takes away one that is far from the view."""
    page.locator(f"#CHART-{name}").scroll_into_view_if_needed(timeout=60_000)
    return page.locator(f".dashboard-component-chart-holder:has(#CHART-{name})")


def draw(page, slug: str) -> None:
    """Wait until every tile of the dashboard is drawn: Superset draws a tile when it comes into view."""
    page.wait_for_selector(".as-navigation", timeout=90_000)
    for name in tiles(slug):
        drawn = "path.region" if name == "carte" else f"canvas, tbody td, {EMPTY}"
        tile(page, name).locator(drawn).first.wait_for(state="attached", timeout=90_000)
    page.wait_for_function("selector => !document.querySelector(selector)", arg=LOADING, timeout=90_000)


def filters_of(dashboard: dict) -> set[str]:
    """Names of its filters, as in ``commun/filtres.yaml``."""
    found = dashboard["metadata"]["native_filter_configuration"]
    return {native["id"].removeprefix("NATIVE_FILTER-") for native in found}


@contextmanager
def whole_in_view(page) -> Iterator[None]:
    """A window as high as the page: Superset takes no tile away."""
    window = page.viewport_size
    page.set_viewport_size(window | {"height": page.evaluate("document.documentElement.scrollHeight")})
    page.wait_for_function(ALL_DRAWN, arg=LOADING, timeout=90_000)
    yield
    page.set_viewport_size(window)


def keep(page, name: str) -> None:
    """A picture of the whole page for the eye."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    with whole_in_view(page):
        page.wait_for_timeout(PAINTING)
        page.screenshot(path=REPORTS / f"{name}.png", full_page=True)


# The elements that stand out on the right and are in no tile that slides, the innermost ones.
WIDEST = """[...document.querySelectorAll("body *")].filter(element =>
    element.getBoundingClientRect().right > innerWidth + 1
    && !element.closest(".dashboard-component-chart-holder *")
    && ![...element.children].some(child => child.getBoundingClientRect().right > innerWidth + 1)
).slice(0, 4).map(e => `${e.tagName}.${e.className?.baseVal ?? e.className} ${e.dataset.test ?? ""}`)"""


def faults(page, slug: str) -> list[str]:
    """What a reader would stumble over on a drawn page."""
    found = []
    # A tile's own text is read where it stands: what is far from the view is not in the page.
    texts = [page.inner_text("body")]
    if alerts := page.locator("[role=alert]").all_inner_texts():
        found.append(f"alertes : {alerts}")
    if page.locator(EMPTY).count():
        found.append("un graphique est vide")
    for name in tiles(slug):
        holder = tile(page, name)
        if name == "carte":
            holder.locator("path.region").first.wait_for(state="attached")
            if (shapes := holder.locator("path.region").count()) != 101:
                found.append(f"carte de {shapes} formes")
            continue
        holder.locator("canvas, td").first.wait_for(state="attached")
        texts.append(holder.inner_text())
        if not holder.locator("canvas").count() and not holder.locator("td").first.inner_text().strip():
            found.append(f"tuile vide : {name}")
    for kind, pattern in (("anglais", ENGLISH), ("balises", MARKUP)):
        if shown := pattern.search("\n".join(texts)):
            found.append(f"{kind} : {shown.group()}")
    if (width := page.evaluate("document.documentElement.scrollWidth")) > page.viewport_size["width"]:
        found.append(f"page plus large que l'écran : {width}, par {page.evaluate(WIDEST)}")
    return found


# --- filters ---


# The list is narrowed a moment after the typing.
FILTERED = "([list, value]) => [...document.querySelectorAll(list)].every(o => o.innerText.includes(value))"
# The bar of filters is drawn again as its lists arrive, and closes what was opened in it.
AT_REST = """selector => new Promise(done => {
  let seen, since;
  const look = () => {
    const now = [...document.querySelectorAll(selector)].map(e => e.closest('form, div')?.innerText).join();
    if (now !== seen) [seen, since] = [now, performance.now()];
    performance.now() - since > 800 ? done() : setTimeout(look, 100);
  };
  look();
})"""


def options(page, name: str):
    """Open the choices of a filter of the bar; the value that is shown lies over the field.

    Where a long value leaves no room, Superset puts the last filters under « Plus de filtres ».
    """
    page.evaluate(AT_REST, "[id^=NATIVE_FILTER-], [data-test=dropdown-container-btn]")
    field = page.locator(f"#NATIVE_FILTER-{name}")
    if field.is_visible():
        field.click(force=True)
    else:
        page.locator("[data-test=dropdown-container-btn]").click()
        # By the keyboard: what was opened may still be moving into place.
        field.press("ArrowDown")
    page.locator(OPTION).first.wait_for()
    return page.locator(OPTION)


def choose(page, name: str, value: str) -> None:
    """Choose a value of a filter, and apply it."""
    options(page, name)
    page.keyboard.type(value)
    page.wait_for_function(FILTERED, arg=[OPTION, value])
    page.locator(OPTION, has_text=value).first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Appliquer").click()


# Each tile but the band, which says it at full width; what follows it is kept with a picture of it.
MARKS = """[...document.querySelectorAll('.dashboard-component-chart-holder')]
  .filter(tile => !tile.closest('.dashboard-markdown') && !tile.querySelector('#CHART-bandeau'))
  .map(tile => getComputedStyle(tile, '::after').content.includes('ESSAI'))"""


def marked_as_trial(page) -> set[bool]:
    """Whether the tiles in the page say that their data are fictitious: {True}, {False}, or both."""
    return set(page.evaluate(MARKS))


# --- the map ---

# A point inside the shape of this ISO code, where nothing lies over it; what Superset knows of it.
INSIDE = """iso => {
  const shape = [...document.querySelectorAll('path.region')].find(p => p.__data__.properties.ISO === iso);
  // What stays at the top of the page may lie over the map.
  shape.ownerSVGElement.scrollIntoView({block: "center", behavior: "instant"});
  const box = shape.getBBox(), to = shape.getScreenCTM();
  for (let steps = 5; steps < 40; steps += 6)
    for (let i = 1; i < steps; i++)
      for (let j = 1; j < steps; j++) {
        const at = new DOMPoint(box.x + box.width * i / steps, box.y + box.height * j / steps);
        if (!shape.isPointInFill(at)) continue;
        const seen = at.matrixTransform(to);
        if (document.elementFromPoint(seen.x, seen.y) === shape) return [seen.x, seen.y];
      }
  return null;
}"""


def pointed_at(page, iso: str) -> list[str]:
    """Lines of what the map says with the pointer on this département (``FR-2A``): its name, its value."""
    x, y = page.evaluate(INSIDE, iso)
    page.mouse.move(x, y)
    popup = page.locator("#CHART-carte ~ * .hover-popup, .hover-popup").first
    popup.wait_for(state="visible")
    return popup.inner_text().split("\n")


def box_of(page, iso: str) -> dict:
    """Where the shape stands in the window, in pixels."""
    return page.evaluate(
        "iso => [...document.querySelectorAll('path.region')]"
        ".find(p => p.__data__.properties.ISO === iso).getBoundingClientRect().toJSON()",
        iso,
    )


def names_of_the_shapes() -> dict[str, str]:
    """ISO code -> name of the département, as our register of territories has them."""
    with dashboards.TERRITORIES.open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["niveau"] == "departement"]
    # Superset's file of shapes says it in full.
    return {row["code_iso_3166_2"]: row["libelle_territoire"] for row in rows} | {"FR-GF": "Guyane française"}


def shapes(page) -> list[str]:
    """ISO codes of the shapes, in the order in which the map draws them."""
    return page.evaluate("[...document.querySelectorAll('path.region')].map(p => p.__data__.properties.ISO)")


# --- accessibility: what WCAG 2.1 AA asks of what is ours ---

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
# Superset's own faults: (rule, where) -> why it is not ours to mend. Nothing else is let through.
SUPERSETS_OWN = {
    ("aria-prohibited-attr", ".dashboard-chart"): (
        "Superset met la description d'un graphique en étiquette d'une boîte sans rôle ; elle est aussi "
        "écrite sous le titre, et le contenu de la boîte se lit sans elle"
    ),
}


def axe_faults(page) -> list[str]:
    """Serious and critical faults that axe finds, those of ``SUPERSETS_OWN`` left out."""
    from axe_playwright_python.sync_playwright import Axe

    found = []
    for fault in Axe().run(page, options=RULES).response["violations"]:
        if fault["impact"] not in ("serious", "critical"):
            continue
        theirs = [where for rule, where in SUPERSETS_OWN if rule == fault["id"]]
        for node in fault["nodes"]:
            if not any(_is_inside(page, node["target"][-1], where) for where in theirs):
                found.append(f"{fault['id']} : {node['target'][-1]} : {node['html'][:160]}")
    return found


def _is_inside(page, target: str, where: str) -> bool:
    return page.evaluate(
        "([target, where]) => !!document.querySelector(target)?.closest(where)", [target, where]
    )
