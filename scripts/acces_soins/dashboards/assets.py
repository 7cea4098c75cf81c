"""From the short YAML of ``superset/assets`` to what Superset imports.

A chart's, a data set's or a dashboard's own file says what is particular to it; what they share (the style,
the navigation, the filters, the SQL macros) stands once in ``superset/assets/commun``. Nothing is written
back: the whole assets exist in memory only.
"""

import csv
import html
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import jinja2

from acces_soins.catalog import read_yaml
from acces_soins.services.superset import CODE as SUPERSET
from acces_soins.settings import PROJECT

ASSETS = SUPERSET / "assets"
KINDS = ("databases", "datasets", "charts", "dashboards")
COMMON = "commun"
FORMAT_VERSION = "1.0.0"
METADATA = {"version": FORMAT_VERSION, "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}
TERRITORIES = PROJECT / "dbt_project" / "seeds" / "ref_territoires.csv"
# Of the evolution's lines, by level: what is observed, and the same colour in light for what is carried.
SERIES_COLOURS = {
    "france": ("#000091", "#a3a3dd"),
    "region": ("#b34000", "#eab596"),
    "departement": ("#007c83", "#8fcbcf"),
}
TARGET_SERIES, TARGET_COLOUR = "Cible nationale, chiffre visé", "#6a6a6a"

# The chart that is a map of the départements, and how a shape looks that is not an observed figure.
MAP = "carte"
MAP_LOOKS = {
    "masque": "fill: #929292 !important;",
    "reporte": "stroke: #161616; stroke-width: 1.5px; stroke-dasharray: 3 2;",
}

# The cached rows belong to one published version: another one has another key.
VERSION_LINE = "-- version {{ cache_key_wrapper(version_publiee()) }}"
# Superset's own are « {{ }} » and « {% %} ».
BUILD_DELIMITERS = {
    "block_start_string": "[%",
    "block_end_string": "%]",
    "variable_start_string": "[[",
    "variable_end_string": "]]",
    "comment_start_string": "[#",
    "comment_end_string": "#]",
}
# A table whose rows are texts of ours: no heading, no paging, one column.
TEXT_TABLE = {
    "query_mode": "raw",
    "row_limit": 1000,
    "server_page_length": 0,
    "include_search": False,
    "page_length": 0,
    "show_cell_bars": False,
    "color_pn": False,
    "allow_render_html": True,
    "adhoc_filters": [],
    "table_timestamp_format": "%d/%m/%Y",
}


def load_assets(folder: Path | None = None) -> dict[str, dict]:
    """Every asset as Superset imports it, by its path in the bundle (``charts/carte.yaml``)."""
    folder = folder or ASSETS
    databases = {f"databases/{name}.yaml": asset for name, asset in _read(folder / "databases").items()}
    (database,) = databases.values()
    datasets, charts = _read(folder / "datasets"), _read(folder / "charts")
    common = _Common(folder / COMMON)
    pages = _read(folder / "dashboards")
    return {
        "metadata.yaml": METADATA,
        **databases,
        **{
            f"datasets/acces_soins/{name}.yaml": _dataset(name, short, common, database["uuid"])
            for name, short in datasets.items()
        },
        **{f"charts/{name}.yaml": _chart(short, datasets) for name, short in charts.items()},
        **{
            f"dashboards/{name}.yaml": _Page(name, short, pages, charts, datasets, common).asset()
            for name, short in pages.items()
        },
    }


def of_kind(assets: Mapping[str, dict], kind: str) -> dict[str, dict]:
    """The assets of one kind, by path."""
    return {path: asset for path, asset in assets.items() if path.startswith(f"{kind}/")}


def uuids(assets: Mapping[str, dict]) -> dict[str, list[str]]:
    """Kind -> the UUIDs that the code has."""
    return {kind: sorted(a["uuid"] for a in of_kind(assets, kind).values()) for kind in KINDS}


def _read(folder: Path) -> dict[str, dict]:
    return {path.stem: read_yaml(path) for path in sorted(folder.glob("*.yaml"))}


class _Common:
    """What the assets share."""

    def __init__(self, folder: Path) -> None:
        self.filters: dict[str, dict] = read_yaml(folder / "filtres.yaml")
        self.engine = jinja2.Environment(autoescape=False, **BUILD_DELIMITERS)
        macros = self.engine.from_string((folder / "macros.sql").read_text(encoding="utf-8"))
        self.macros = {name: value for name, value in vars(macros.module).items() if not name.startswith("_")}
        self.style = (folder / "style.css").read_text(encoding="utf-8")
        self.map_style = _map_style(read_yaml(folder / "carte.yaml"))
        self.reading = (folder / "lecture.html").read_text(encoding="utf-8")

    def sql(self, own: str) -> str:
        """A data set's SQL with the common macros written out; what Superset fills in stays."""
        return f"{VERSION_LINE}\n{self.engine.from_string(own, globals=self.macros).render()}"


# --- data sets ---


def _dataset(name: str, short: dict, common: _Common, database_uuid: str) -> dict:
    return {
        "table_name": name,
        "main_dttm_col": None,
        "description": short["description"],
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "catalog": None,
        "schema": "marts",
        "sql": common.sql(short["sql"]),
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "uuid": short["uuid"],
        "metrics": [_metric(*item) for item in short.get("mesures", {}).items()],
        "columns": [_column(*item) for item in short["colonnes"].items()],
        "version": FORMAT_VERSION,
        "database_uuid": database_uuid,
    }


def _metric(name: str, short: dict) -> dict:
    return {
        "metric_name": name,
        "verbose_name": short["libelle"],
        "metric_type": None,
        "expression": short["expression"],
        "description": None,
        "d3format": None,
        "currency": None,
        "extra": None,
        "warning_text": None,
    }


def _column(name: str, typed: list[str]) -> dict:
    kind, label = typed
    return {
        "column_name": name,
        "verbose_name": label,
        "is_dttm": False,
        "is_active": True,
        "type": kind,
        "advanced_data_type": None,
        "groupby": True,
        "filterable": True,
        "expression": None,
        "description": None,
        "python_date_format": None,
        "extra": None,
    }


# --- charts ---


def _chart(short: dict, datasets: Mapping[str, dict]) -> dict:
    viz_type = "table" if short["type"] in ("texte", "tableau") else short["type"]
    return {
        "slice_name": short["titre"],
        "description": short.get("description"),
        "certified_by": None,
        "certification_details": None,
        "viz_type": viz_type,
        "params": {"viz_type": viz_type, **_params(short)},
        "query_context": None,
        "cache_timeout": None,
        "uuid": short["uuid"],
        "version": FORMAT_VERSION,
        # An unknown name stays as it is: the checks say so.
        "dataset_uuid": datasets.get(short["jeu"], {}).get("uuid", short["jeu"]),
    }


def _params(short: dict) -> dict:
    own = short.get("params", {})
    if short["type"] not in ("texte", "tableau"):
        return {"adhoc_filters": [], **own}
    order = [f'["{column}", true]' for column in short.get("tri", [])]
    return {**TEXT_TABLE, "all_columns": short["colonnes"], "order_by_cols": order, **own}


def _is_tall(short: dict) -> bool:
    """Whether the tile takes the height of its text instead of one of its own."""
    return "hauteur" not in short


# --- dashboards ---


class _Page:
    """One dashboard: its layout, its filters, and what all of them share."""

    def __init__(
        self,
        name: str,
        short: dict,
        pages: Mapping[str, dict],
        charts: Mapping[str, dict],
        datasets: Mapping[str, dict],
        common: _Common,
    ) -> None:
        self.name, self.short, self.pages, self.common = name, short, pages, common
        self.charts, self.datasets = charts, datasets
        shown = [chart for row in short["lignes"] for column in row for chart in column["graphiques"]]
        # Numbers by which the layout and the filters name the charts in this file; Superset gives its own.
        self.numbers = {chart: number for number, chart in enumerate(sorted(shown), 1)}

    def asset(self) -> dict:
        return {
            "dashboard_title": self.short["titre"],
            "description": self.short["description"],
            "css": self._style(),
            "slug": self.short["slug"],
            "certified_by": None,
            "certification_details": None,
            "published": True,
            "uuid": self.short["uuid"],
            "position": {item["id"]: item for item in self._layout()} | {"DASHBOARD_VERSION_KEY": "v2"},
            "metadata": self._metadata(),
            "version": FORMAT_VERSION,
        }

    def _style(self) -> str:
        """The common style, with the ids of the tiles that are texts of ours, bare, or explained."""
        tall = [name for name in self.numbers if _is_tall(self._chart(name))]
        bare = [name for name in self.numbers if self._chart(name).get("sans_titre")]
        explained = [
            name for name in self.numbers if self._chart(name).get("description") and name not in bare
        ]
        style = self.common.style + (self.common.map_style if MAP in self.numbers else "")
        chosen = {"TUILES_HAUTES": tall, "TUILES_SANS_TITRE": bare, "TUILES_EXPLIQUEES": explained}
        for mark, names in chosen.items():
            style = style.replace(mark, _ids(names))
        return style

    def _navigation(self) -> str:
        links = [
            f'<span class="{"as-ici" if name == self.name else "as-ailleurs"}">'
            f'<a href="/superset/dashboard/{page["slug"]}/">{html.escape(page["onglet"])}</a></span>'
            for name, page in sorted(self.pages.items(), key=lambda item: item[1]["rang"])
        ]
        return f'<div class="as-navigation">{"".join(links)}</div>'

    def _layout(self) -> Iterator[dict]:
        grid: list[str] = []
        yield {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]}
        yield {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": self.short["titre"]}}
        yield from self._text_row("navigation", self._navigation(), grid)
        for index, row in enumerate(self.short["lignes"], 1):
            yield from self._row(f"ROW-{index}", row, grid)
        yield from self._text_row("lecture", self.common.reading, grid)
        yield {"id": "GRID_ID", "type": "GRID", "children": grid, "parents": ["ROOT_ID"]}

    def _text_row(self, name: str, code: str, grid: list[str]) -> Iterator[dict]:
        """A row that holds a text without data."""
        row, parents = f"ROW-{name}", ["ROOT_ID", "GRID_ID"]
        grid.append(row)
        yield _item(row, "ROW", [f"MARKDOWN-{name}"], parents, background="BACKGROUND_TRANSPARENT")
        yield _item(f"MARKDOWN-{name}", "MARKDOWN", [], [*parents, row], code=code, width=12, height=6)

    def _row(self, row: str, columns: list[dict], grid: list[str]) -> Iterator[dict]:
        parents = ["ROOT_ID", "GRID_ID"]
        grid.append(row)
        inside = []
        for index, column in enumerate(columns, 1):
            own = f"COLUMN-{row.removeprefix('ROW-')}-{index}"
            tiles = [f"CHART-{name}" for name in column["graphiques"]]
            above = [*parents, row, own]
            yield _item(
                own,
                "COLUMN",
                tiles,
                [*parents, row],
                background="BACKGROUND_TRANSPARENT",
                width=column.get("largeur", 12),
            )
            yield from (self._tile(name, column.get("largeur", 12), above) for name in column["graphiques"])
            inside.append(own)
        yield _item(row, "ROW", inside, parents, background="BACKGROUND_TRANSPARENT")

    def _tile(self, name: str, width: int, parents: list[str]) -> dict:
        chart = self._chart(name)
        return _item(
            f"CHART-{name}",
            "CHART",
            [],
            parents,
            chartId=self.numbers[name],
            uuid=chart.get("uuid", name),
            sliceName=chart.get("titre", name),
            width=width,
            height=chart.get("hauteur", 14),
        )

    def _metadata(self) -> dict:
        wanted = self.short.get("filtres", {})
        return {
            "native_filter_configuration": [self._filter(name, own or {}) for name, own in wanted.items()],
            "filter_bar_orientation": "HORIZONTAL",
            # A map takes the dashboard's colours when it has some.
            "color_scheme": "",
            "label_colors": dict(series_colours()),
            "shared_label_colors": [],
            "color_scheme_domain": [],
            "cross_filters_enabled": False,
            "refresh_frequency": 0,
            "expanded_slices": {},
            "timed_refresh_immune_slices": [],
            "default_filters": "{}",
            "chart_configuration": {},
            "global_chart_configuration": {
                "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
                "chartsInScope": [],
            },
        }

    def _filter(self, name: str, own: dict) -> dict:
        """A native filter; it reaches the charts whose data set says that it listens to it."""
        common = {**self.common.filters[name], **own}
        reached = sorted(
            number
            for chart, number in self.numbers.items()
            if name in self._dataset_of(chart).get("filtres", []) and common.get("agit", True)
        )
        column, default = common["colonne"], common.get("defaut")
        chosen = {"filters": [{"col": column, "op": "IN", "val": [default]}]} if default else {}
        required = bool(common.get("obligatoire"))
        return {
            "id": f"NATIVE_FILTER-{name}",
            "type": "NATIVE_FILTER",
            "filterType": "filter_select",
            "name": common["nom"],
            "description": common.get("aide", ""),
            "targets": [
                {
                    "datasetUuid": self.datasets.get(common["jeu"], {}).get("uuid", common["jeu"]),
                    "column": {"name": column},
                }
            ],
            "controlValues": {
                "enableEmptyFilter": required,
                "defaultToFirstItem": required and not default,
                "multiSelect": False,
                "searchAllOptions": False,
                "inverseSelection": False,
                "creatable": False,
                "sortAscending": common.get("croissant", True),
            },
            "defaultDataMask": {
                "extraFormData": chosen,
                "filterState": {"value": [default], "label": default} if default else {},
                "ownState": {},
            },
            "cascadeParentIds": [
                f"NATIVE_FILTER-{parent}"
                for parent in common.get("suit", [])
                if parent in self.short["filtres"]
            ],
            "scope": {
                "rootPath": ["ROOT_ID"],
                "excluded": sorted(set(self.numbers.values()) - set(reached)),
            },
            **({"sortMetric": common["tri"]} if "tri" in common else {}),
            "adhoc_filters": [_equals(*item) for item in common.get("restreint", {}).items()],
            "tabsInScope": [],
            "chartsInScope": reached,
            **({"requiredFirst": True} if required and not default else {}),
        }

    def _chart(self, name: str) -> dict:
        """The chart's own file; empty for a name that has none, which the checks tell."""
        return self.charts.get(name, {})

    def _dataset_of(self, chart: str) -> dict:
        return self.datasets.get(self._chart(chart).get("jeu"), {})


def _map_style(map_of_france: dict) -> str:
    """What Superset's map cannot say by itself: its legend names what applies, by a class.

    ``as-cadre-53``: the région to frame. ``as-masque-FR-YT``, ``as-reporte-FR-23``: the shapes whose figure
    is masked, and those whose figure is carried while others are not.
    """
    rules = [
        f".dashboard:has(.as-cadre-{code}) .map-layer {{ transform-box: fill-box;"
        f" transform-origin: {frame['x']}% {frame['y']}%;"
        f" transform: translate({50 - frame['x']:.1f}%, {50 - frame['y']:.1f}%) scale({frame['fois']}); }}"
        for code, frame in map_of_france["cadres"].items()
    ]
    for look in ("masque", "reporte"):
        rules += [
            f".dashboard:has(.as-{look}-{shape}) path.region:nth-child({place}) {{ {MAP_LOOKS[look]} }}"
            for place, shape in enumerate(map_of_france["formes"], 1)
        ]
    return "\n".join(["/* the map, as its legend says */", *rules, ""])


def _item(own: str, kind: str, children: list[str], parents: list[str], **meta) -> dict:
    return {"type": kind, "id": own, "children": children, "parents": parents, "meta": meta}


def _ids(names: Iterable[str]) -> str:
    return ", ".join(f"#CHART-{name}" for name in sorted(names)) or "#aucune"


def _equals(column: str, value: str) -> dict:
    return {
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": "==",
        "operatorId": "EQUALS",
        "comparator": value,
        "clause": "WHERE",
    }


@cache
def series_colours() -> dict[str, str]:
    """Colour of each line that the evolution chart can draw, by the name that its data set gives it."""
    with TERRITORIES.open(encoding="utf-8") as stream:
        territories = list(csv.DictReader(stream))
    names = {
        "france": ["France"],
        "region": [f"Région {t['libelle_territoire']}" for t in territories if t["niveau"] == "region"],
        "departement": [
            f"{t['code_territoire']} – {t['libelle_territoire']}"
            for t in territories
            if t["niveau"] == "departement"
        ],
    }
    return {TARGET_SERIES: TARGET_COLOUR} | {
        f"{name}, chiffre {nature}": colour
        for level, colours in SERIES_COLOURS.items()
        for name in names[level]
        for nature, colour in zip(("observé", "reporté"), colours, strict=True)
    }
