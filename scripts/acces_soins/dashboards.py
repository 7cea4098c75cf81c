"""Check, import and refresh the Superset assets.

Runs in the pipeline's environment and never imports Superset: what must run there is
``superset/manage.py``, called as a subprocess of ``.venv-superset``.
"""

import csv
import hashlib
import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import duckdb
import jinja2
import yaml

from acces_soins.catalog import MODELS, load_indicators, read_yaml
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.progress import announce
from acces_soins.services import superset
from acces_soins.services.superset import ENVIRONMENT, environment
from acces_soins.settings import PROJECT, Settings, get_settings

SUPERSET = superset.CODE
ASSETS = SUPERSET / "assets"
# What was done last, beside Superset's own files.
PREPARED, DEPLOYED, REFRESHED = "prepare.json", "deploiement.json", "rafraichissement.json"
KINDS = ("databases", "datasets", "charts", "dashboards")
WAREHOUSE_PLACEHOLDER = "ENTREPOT_PUBLIE"
ACCOUNTS = {"admin": "Admin", "statisticien": "Statisticien", "decideur": "Décideur"}
TERRITORIES = PROJECT / "dbt_project" / "seeds" / "ref_territoires.csv"
# Of the evolution's lines, by level: what is observed, and the same colour in light for what is carried.
SERIES_COLOURS = {
    "france": ("#000091", "#a3a3dd"),
    "region": ("#b34000", "#eab596"),
    "departement": ("#18753c", "#95cfac"),
}
# Words that would betray an untranslated text; a French text of ours has none of them.
ENGLISH = re.compile(r"\b(the|and|with|count|value|values|chart|filter|total of|untitled|no data)\b", re.I)

Contracts = Mapping[str, Mapping[str, str]]


class DashboardsError(AccesSoinsError):
    """Superset refused a step; the sentence says which, and where the whole answer is."""


# --- the assets as files ---


def load_assets(folder: Path | None = None) -> dict[str, dict]:
    """Every asset by its path in the bundle (``charts/carte.yaml``)."""
    folder = folder or ASSETS
    return {path.relative_to(folder).as_posix(): read_yaml(path) for path in sorted(folder.rglob("*.yaml"))}


def _of_kind(assets: Mapping[str, dict], kind: str) -> dict[str, dict]:
    return {path: asset for path, asset in assets.items() if path.startswith(f"{kind}/")}


def _uuids(assets: Mapping[str, dict]) -> dict[str, list[str]]:
    return {kind: sorted(a["uuid"] for a in _of_kind(assets, kind).values()) for kind in KINDS}


# --- checks ---


def marts_contracts(models: Path = MODELS) -> dict[str, dict[str, str]]:
    """The marts' contracts from dbt's YAML: table -> column -> type."""
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model.get("columns", [])}
        for path in sorted((models / "marts").glob("*.yml"))
        for model in read_yaml(path).get("models", [])
    }


def check_assets(contracts: Contracts | None = None, folder: Path | None = None) -> list[str]:
    """What is wrong with the assets, one French sentence each; an empty list when all is well.

    Args:
        contracts: table of ``marts`` -> column -> SQL type; by default those of dbt's YAML.
    """
    assets = load_assets(folder)
    return [
        *_uuid_problems(assets),
        *_reference_problems(assets),
        *_sql_problems(assets, marts_contracts() if contracts is None else contracts),
        *_column_problems(assets),
        *_language_problems(assets),
    ]


def _uuid_problems(assets: Mapping[str, dict]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for kind in KINDS:
        for path, asset in _of_kind(assets, kind).items():
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
    known = {kind: set(uuids) for kind, uuids in _uuids(assets).items()}
    for path, dataset in _of_kind(assets, "datasets").items():
        if dataset["database_uuid"] not in known["databases"]:
            yield f"{path} : la base {dataset['database_uuid']} n'existe pas."
    dashboards = _of_kind(assets, "dashboards")
    shown = {tile["uuid"] for dashboard in dashboards.values() for tile in _tiles(dashboard)}
    for path, chart in _of_kind(assets, "charts").items():
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
        for path, dataset in _of_kind(assets, "datasets").items():
            for chosen in ([], ["choix"]):
                yield from _dataset_sql_problems(connection, path, dataset, _render(dataset["sql"], chosen))


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
    datasets = {d["uuid"]: d for d in _of_kind(assets, "datasets").values()}
    columns = {u: {c["column_name"] for c in d["columns"]} for u, d in datasets.items()}
    metrics = {u: {m["metric_name"] for m in d["metrics"]} for u, d in datasets.items()}
    for path, chart in _of_kind(assets, "charts").items():
        uuid = chart["dataset_uuid"]
        read_columns, read_metrics = _chart_names(chart["params"])
        for name in sorted(read_columns - columns.get(uuid, set())):
            yield f"{path} : la colonne « {name} » n'existe pas dans son jeu."
        for name in sorted(read_metrics - metrics.get(uuid, set())):
            yield f"{path} : la mesure « {name} » n'existe pas dans son jeu."
    for path, dashboard in _of_kind(assets, "dashboards").items():
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
    for path, dataset in _of_kind(assets, "datasets").items():
        yield path, dataset["description"]
        for item in (*dataset["columns"], *dataset["metrics"]):
            yield path, item["verbose_name"] or ""
    for path, chart in _of_kind(assets, "charts").items():
        yield path, chart["slice_name"]
        yield path, chart["description"] or ""
    for path, dashboard in _of_kind(assets, "dashboards").items():
        yield path, dashboard["dashboard_title"]
        yield path, dashboard["description"]
        for native in _native_filters(dashboard):
            yield path, native["name"]


def _language_problems(assets: Mapping[str, dict]) -> Iterator[str]:
    for path, dataset in _of_kind(assets, "datasets").items():
        for item in (*dataset["columns"], *dataset["metrics"]):
            if not item["verbose_name"]:
                yield f"{path} : « {item.get('column_name') or item['metric_name']} » n'a pas de libellé."
    for path, text in _screen_texts(assets):
        if ENGLISH.search(text):
            yield f"{path} : texte qui n'est pas en français, « {text} »."


# --- Superset's own environment ---


def server_command(settings: Settings | None = None) -> superset.Command:
    """(argv, env) of the web server, for the supervisor."""
    return superset.commands(settings or get_settings())["superset-web"]


@lru_cache(maxsize=1)
def superset_version() -> str:
    """The installed version, read without starting Superset. Raises ConfigurationError if absent."""
    found = sorted(ENVIRONMENT.glob("lib/python3*/site-packages/apache_superset-*.dist-info"))
    if not found:
        raise ConfigurationError(
            f"l'environnement de Superset est absent de {ENVIRONMENT}. Lancez « make run », qui l'installe."
        )
    return found[-1].name.removeprefix("apache_superset-").removesuffix(".dist-info")


def _run(steps: Mapping[str, dict], settings: Settings) -> dict[str, dict]:
    """Run steps of ``manage.py`` (name → arguments) in one process; gives the answer of each.

    The whole output goes to a log. Raises DashboardsError, and then none of them counts as done.
    """
    superset_version()
    folder = superset.home(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = subprocess.run(
        [str(ENVIRONMENT / "bin" / "python"), str(SUPERSET / "manage.py")],
        input=json.dumps(steps),
        env=environment(settings),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    log = folder / f"{'-'.join(steps)}.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        begun = re.findall(r"^étape (\w+)$", done.stderr, re.MULTILINE) or ["démarrage"]
        reason = (done.stderr.strip().splitlines() or ["sans message"])[-1]
        raise DashboardsError(
            f"Superset a refusé l'étape « {begun[-1]} » : {reason}. Journal complet : {log}"
        )
    return json.loads(done.stdout.strip().splitlines()[-1])


def _read_state(settings: Settings, name: str) -> dict:
    path = superset.home(settings) / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _write_state(settings: Settings, name: str, state: dict, mode: int = 0o644) -> None:
    path = superset.home(settings) / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(state, stream, ensure_ascii=False, indent=1)


def _accounts(settings: Settings) -> dict[str, dict]:
    """Login -> role and password; passwords are generated once and kept, mode 0600."""
    accounts = _read_state(settings, "identifiants.json")
    missing = {
        login: {"role": role, "mot_de_passe": secrets.token_urlsafe(12)}
        for login, role in ACCOUNTS.items()
        if login not in accounts
    }
    if missing:
        accounts |= missing
        _write_state(settings, "identifiants.json", accounts, mode=0o600)
    return accounts


def credentials_hint(settings: Settings | None = None) -> str:
    """Where the logins and passwords are; the passwords themselves are never printed."""
    path = superset.home(settings or get_settings()) / "identifiants.json"
    return f"comptes {', '.join(ACCOUNTS)} ; mots de passe dans {path}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _is_lost(metadata: str) -> bool:
    """Whether a database file that was prepared is gone; a server's database is not ours to look for."""
    return metadata.startswith("sqlite:///") and not Path(metadata.removeprefix("sqlite:///")).exists()


class _Step(NamedTuple):
    """A step of ``manage.py``, and what the file ``memory`` holds once it has been done."""

    name: str
    arguments: dict
    memory: str
    wanted: dict
    told: str


def update(published_version: str, settings: Settings | None = None) -> bool:
    """Prepare, deploy and refresh, in one process: a start of Superset costs seconds.

    Returns False when there was nothing to do.
    """
    settings = settings or get_settings()
    preparation = _preparation(settings)
    deployment = _deployment(settings, preparation.wanted)
    return _carry_out([preparation, deployment, _refreshment(deployment.wanted, published_version)], settings)


def prepare(settings: Settings | None = None) -> bool:
    """Bring Superset's database to this version, with its roles and accounts.

    Returns False when it already was.
    """
    settings = settings or get_settings()
    return _carry_out([_preparation(settings)], settings)


def deploy(settings: Settings | None = None) -> bool:
    """Import the assets and remove those that the code no longer has; what people saved is kept.

    Returns False when this version of the assets was already imported.
    """
    settings = settings or get_settings()
    return _carry_out([_deployment(settings, _read_state(settings, PREPARED))], settings)


def refresh(published_version: str, settings: Settings | None = None) -> bool:
    """Tell Superset that another version is served, so that no chart stays on cached data.

    Returns False when Superset already knew that version.
    """
    settings = settings or get_settings()
    deployed = _read_state(settings, DEPLOYED)
    return _carry_out([_refreshment(deployed, published_version)], settings)


def _carry_out(steps: list[_Step], settings: Settings) -> bool:
    """Run the steps that are not done yet, then remember them; False when all were."""
    if _is_lost(superset.metadata_address(settings)):
        for memory in (PREPARED, DEPLOYED, REFRESHED):
            (superset.home(settings) / memory).unlink(missing_ok=True)
    due = [step for step in steps if _read_state(settings, step.memory) != step.wanted]
    if not due:
        announce("Superset est déjà prêt")
        return False
    for step in due:
        announce(step.told)
    answers = _run({step.name: step.arguments for step in due}, settings)
    for step in due:
        _write_state(settings, step.memory, step.wanted)
    if deleted := answers.get("deploy", {}).get("supprimes"):
        announce(f"Tableaux de bord : {len(deleted)} objets retirés du code ont été supprimés")
    return True


def _preparation(settings: Settings) -> _Step:
    code = (SUPERSET / "manage.py").read_text(encoding="utf-8")
    accounts = _accounts(settings)
    digest = _digest(code, json.dumps(accounts), superset.metadata_address(settings))
    return _Step(
        "prepare",
        {"accounts": accounts},
        PREPARED,
        {"superset": superset_version(), "code": digest},
        "Superset : base, rôles et comptes (une trentaine de secondes la première fois)",
    )


def _deployment(settings: Settings, prepared: dict) -> _Step:
    contents, uuids = _bundle(settings), _uuids(load_assets())
    before = _read_state(settings, DEPLOYED).get("uuids", {})
    gone = {kind: sorted(set(before.get(kind, [])) - set(uuids[kind])) for kind in KINDS}
    digest = _digest(json.dumps(contents, sort_keys=True), json.dumps(prepared))
    return _Step(
        "deploy",
        {"contents": contents, "gone": gone, "dashboards": uuids["dashboards"]},
        DEPLOYED,
        {"empreinte": digest, "uuids": uuids},
        "Tableaux de bord : import dans Superset",
    )


def _refreshment(deployed: dict, published_version: str) -> _Step:
    datasets = _uuids(load_assets())["datasets"]
    return _Step(
        "refresh",
        {"description": f"Données du {published_version}", "datasets": datasets},
        REFRESHED,
        {"version": published_version, "deploiement": deployed},
        "Superset : les graphiques suivent la nouvelle publication",
    )


def series_colours() -> dict[str, str]:
    """Colour of each line that the evolution chart can draw, by the name that its data set gives it."""
    with TERRITORIES.open(encoding="utf-8") as stream:
        territories = list(csv.DictReader(stream))
    names = {
        "france": [
            f"France ({unit})" for unit in sorted({i.meta["unite"] for i in load_indicators().values()})
        ],
        "region": [f"Région {t['libelle_territoire']}" for t in territories if t["niveau"] == "region"],
        "departement": [
            f"{t['code_territoire']} – {t['libelle_territoire']}"
            for t in territories
            if t["niveau"] == "departement"
        ],
    }
    return {
        f"{name}, {nature}": colour
        for level, colours in SERIES_COLOURS.items()
        for name in names[level]
        for nature, colour in zip(("observé", "reporté"), colours, strict=True)
    }


def _bundle(settings: Settings) -> dict[str, str]:
    """The assets as Superset imports them: path -> text, with this machine's file and the series' colours."""
    contents = {}
    for path, asset in load_assets().items():
        if path.startswith("databases/"):
            asset["sqlalchemy_uri"] = asset["sqlalchemy_uri"].replace(
                WAREHOUSE_PLACEHOLDER, str(settings.published_warehouse)
            )
        if path.startswith("dashboards/"):
            asset["metadata"]["label_colors"] = series_colours()
        contents[path] = yaml.safe_dump(asset, allow_unicode=True, sort_keys=False)
    return contents
