"""Whether the assets hold together and fit the marts' contracts; no Superset is needed."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import UUID

import duckdb
import jinja2

from acces_soins.contracts import Contracts, readable_contracts
from acces_soins.dashboards.assets import KINDS, load_assets, of_kind, uuids

# Words that would betray an untranslated text; a French text of ours has none of them.
ENGLISH = re.compile(r"\b(the|and|with|count|value|values|chart|filter|total of|untitled|no data)\b", re.I)


def check_assets(contracts: Contracts | None = None, folder: Path | None = None) -> list[str]:
    """What is wrong with the assets, one French sentence each; an empty list when all is well.

    Args:
        contracts: table of ``marts`` -> column -> SQL type; by default those of dbt's YAML.
    """
    assets = load_assets(folder)
    return [
        *_uuid_problems(assets),
        *_reference_problems(assets),
        *_sql_problems(assets, readable_contracts() if contracts is None else contracts),
        *_column_problems(assets),
        *_language_problems(assets),
    ]


def _uuid_problems(assets: Mapping[str, dict]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for kind in KINDS:
        for path, asset in of_kind(assets, kind).items():
            try:
                uuid = str(UUID(asset["uuid"]))
            except (KeyError, ValueError):
                yield f"{path} : uuid absent ou mal formé."
                continue
            if uuid in seen:
                yield f"{path} : même uuid que {seen[uuid]} ({uuid})."
            seen[uuid] = path


def _native_filters(dashboard: dict) -> list[dict]:
    return dashboard["metadata"].get("native_filter_configuration", [])


def _tiles(dashboard: dict) -> list[dict]:
    return [
        tile["meta"]
        for tile in dashboard["position"].values()
        if isinstance(tile, dict) and tile.get("type") == "CHART"
    ]


def _reference_problems(assets: Mapping[str, dict]) -> Iterator[str]:
    known = {kind: set(ours) for kind, ours in uuids(assets).items()}
    for path, dataset in of_kind(assets, "datasets").items():
        if dataset["database_uuid"] not in known["databases"]:
            yield f"{path} : la base {dataset['database_uuid']} n'existe pas."
    dashboards = of_kind(assets, "dashboards")
    shown = {tile["uuid"] for dashboard in dashboards.values() for tile in _tiles(dashboard)}
    for path, chart in of_kind(assets, "charts").items():
        if chart["dataset_uuid"] not in known["datasets"]:
            yield f"{path} : le jeu {chart['dataset_uuid']} n'existe pas."
        if chart["uuid"] not in shown:
            yield f"{path} : aucun tableau de bord ne montre ce graphique."
    for path, dashboard in dashboards.items():
        for uuid in {tile["uuid"] for tile in _tiles(dashboard)} - known["charts"]:
            yield f"{path} : le graphique {uuid} n'existe pas."
        yield from _filter_problems(path, dashboard, known["datasets"])


def _filter_problems(path: str, dashboard: dict, datasets: set[str]) -> Iterator[str]:
    numbers = {tile["chartId"] for tile in _tiles(dashboard)}
    for native in _native_filters(dashboard):
        for uuid in {target["datasetUuid"] for target in native["targets"]} - datasets:
            yield f"{path}, filtre {native['name']} : le jeu {uuid} n'existe pas."
        if stray := set(native["scope"]["excluded"]) - numbers:
            yield f"{path}, filtre {native['name']} : graphiques inconnus {sorted(stray)}."


def _render(sql: str, chosen: list[str]) -> str:
    """The data set's SQL as Superset's template engine would give it, with these filter choices."""
    engine = jinja2.Environment(autoescape=False)
    engine.filters["where_in"] = lambda values: "(" + ", ".join(f"'{v}'" for v in values) + ")"
    return engine.from_string(sql).render(
        filter_values=lambda *_args, **_kwargs: chosen,
        derniere_publication=lambda: "1 janvier 2026",
        version_publiee=lambda: "20260101T000000Z-00000000",
        fiches_publiees=lambda: ["aucune"],
        cache_key_wrapper=lambda key: key,
    )


def _empty_marts(contracts: Contracts) -> duckdb.DuckDBPyConnection:
    """A database in memory with the marts' columns and no row."""
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA marts")
    for table, columns in contracts.items():
        typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f'CREATE TABLE marts."{table}" ({typed})')
    return connection


def _sql_problems(assets: Mapping[str, dict], contracts: Contracts) -> Iterator[str]:
    """DuckDB itself binds each data set and metric against the contracts: no parser of ours."""
    with _empty_marts(contracts) as connection:
        for path, dataset in of_kind(assets, "datasets").items():
            for chosen in ([], ["choix"]):
                try:
                    sql = _render(dataset["sql"], chosen)
                except jinja2.TemplateError as error:
                    yield f"{path} : le gabarit du SQL est faux ({_first_line(error)})."
                    continue
                yield from _dataset_sql_problems(connection, path, dataset, sql)


def _dataset_sql_problems(connection, path: str, dataset: dict, sql: str) -> Iterator[str]:
    try:
        relation = connection.sql(sql)
    except duckdb.Error as error:
        yield f"{path} : le SQL ne correspond pas aux marts ({_first_line(error)})."
        return
    given = dict(zip(relation.columns, map(str, relation.types), strict=True))
    declared = {column["column_name"]: column["type"] for column in dataset["columns"]}
    if given != declared:
        differing = sorted(set(given.items()) ^ set(declared.items()))
        yield f"{path} : colonnes déclarées et colonnes du SQL diffèrent ({differing})."
    for metric in dataset["metrics"]:
        try:
            connection.sql(f"SELECT {metric['expression']} FROM ({sql})")
        except duckdb.Error as error:
            yield f"{path}, mesure {metric['metric_name']} : {_first_line(error)}."


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _chart_names(params: dict) -> tuple[set[str], set[str]]:
    """Columns and metrics that a chart reads."""
    columns = {*params.get("all_columns", []), *params.get("groupby", [])}
    columns |= {*params.get("groupby_b", [])}
    columns |= {params[key] for key in ("entity", "x_axis") if key in params}
    columns |= {json.loads(order)[0] for order in params.get("order_by_cols", [])}
    filters = [*params.get("adhoc_filters", []), *params.get("adhoc_filters_b", [])]
    columns |= {f["subject"] for f in filters if f["expressionType"] == "SIMPLE"}
    metrics = {*params.get("metrics", []), *params.get("metrics_b", [])}
    metrics |= {params["metric"]} if "metric" in params else set()
    return columns, metrics


def _column_problems(assets: Mapping[str, dict]) -> Iterator[str]:
    datasets = {d["uuid"]: d for d in of_kind(assets, "datasets").values()}
    columns = {u: {c["column_name"] for c in d["columns"]} for u, d in datasets.items()}
    metrics = {u: {m["metric_name"] for m in d["metrics"]} for u, d in datasets.items()}
    for path, chart in of_kind(assets, "charts").items():
        uuid = chart["dataset_uuid"]
        read_columns, read_metrics = _chart_names(chart["params"])
        for name in sorted(read_columns - columns.get(uuid, set())):
            yield f"{path} : la colonne « {name} » n'existe pas dans son jeu."
        for name in sorted(read_metrics - metrics.get(uuid, set())):
            yield f"{path} : la mesure « {name} » n'existe pas dans son jeu."
    for path, dashboard in of_kind(assets, "dashboards").items():
        for native in _native_filters(dashboard):
            for target in native["targets"]:
                name = target["column"]["name"]
                if name not in columns.get(target["datasetUuid"], set()):
                    yield f"{path}, filtre {native['name']} : colonne « {name} » inconnue."
            if (metric := native.get("sortMetric")) and not any(
                metric in metrics.get(target["datasetUuid"], set()) for target in native["targets"]
            ):
                yield f"{path}, filtre {native['name']} : mesure de tri « {metric} » inconnue."


def _screen_texts(assets: Mapping[str, dict]) -> Iterator[tuple[str, str]]:
    """What a reader sees: (path, text)."""
    for path, dataset in of_kind(assets, "datasets").items():
        yield path, dataset["description"]
        for item in (*dataset["columns"], *dataset["metrics"]):
            yield path, item["verbose_name"] or ""
    for path, chart in of_kind(assets, "charts").items():
        yield path, chart["slice_name"]
        yield path, chart["description"] or ""
    for path, dashboard in of_kind(assets, "dashboards").items():
        yield path, dashboard["dashboard_title"]
        yield path, dashboard["description"]
        for native in _native_filters(dashboard):
            yield path, native["name"]


def _language_problems(assets: Mapping[str, dict]) -> Iterator[str]:
    for path, dataset in of_kind(assets, "datasets").items():
        for item in (*dataset["columns"], *dataset["metrics"]):
            if not item["verbose_name"]:
                yield f"{path} : « {item.get('column_name') or item['metric_name']} » n'a pas de libellé."
    for path, text in _screen_texts(assets):
        if ENGLISH.search(text):
            yield f"{path} : texte qui n'est pas en français, « {text} »."
