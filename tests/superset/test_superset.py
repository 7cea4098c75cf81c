"""A real import into a fresh Superset: charts answer, the entry is closed, a link swap is seen."""

import json
import shutil
import stat

import httpx
import pytest
import yaml

import published_marts
import superset_service
from acces_soins import dashboards

pytestmark = [pytest.mark.superset, pytest.mark.xdist_group("superset")]
REAL = "Données réelles"


@pytest.fixture(scope="module")
def service(superset):
    return superset[0]


@pytest.fixture(scope="module")
def address(superset):
    return superset[1]


@pytest.fixture(scope="module")
def reader(service, address):
    with superset_service.client(service, address, "decideur") as http:
        yield http


@pytest.fixture(scope="module")
def admin(service, address):
    with superset_service.client(service, address, "admin") as http:
        yield http


def _charts(http: httpx.Client) -> dict[str, dict]:
    found = http.get("/api/v1/dashboard/acces-aux-soins/charts").raise_for_status().json()["result"]
    return {chart["slice_name"]: chart for chart in found}


def _dashboard_id(http: httpx.Client) -> int:
    return http.get("/api/v1/dashboard/acces-aux-soins").raise_for_status().json()["result"]["id"]


def _query(form: dict) -> dict:
    """The query that the page would send for these parameters, on the default choices."""
    raw = form.get("query_mode") == "raw"
    query = {
        "columns": form.get("all_columns", []) if raw else form.get("groupby", []),
        # raw rows carry no metrics at all: an empty list would group them
        **({} if raw else {"metrics": form.get("metrics") or [form["metric"]]}),
        "row_limit": form["row_limit"],
        "orderby": [json.loads(order) for order in form.get("order_by_cols", [])],
        "filters": [],
        "extras": {"where": "", "having": ""},
    }
    if form["viz_type"] == "echarts_timeseries_line":
        query["columns"] = [form["x_axis"], *query["columns"]]
    if form["viz_type"] == "country_map":
        query["columns"] = [form["entity"]]
    return query


def _data(http: httpx.Client, name: str, filters: dict[str, str] | None = None) -> list[dict]:
    chart = _charts(http)[name]
    form = chart["form_data"]
    query = _query(form)
    query["filters"] = [{"col": c, "op": "IN", "val": [v]} for c, v in (filters or {}).items()]
    datasource, kind = form["datasource"].split("__")
    answer = http.post(
        "/api/v1/chart/data",
        json={
            "datasource": {"id": int(datasource), "type": kind},
            "queries": [query],
            "form_data": {**form, "slice_id": chart["id"], "dashboardId": _dashboard_id(http)},
            "result_format": "json",
            "result_type": "full",
        },
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["result"][0]["data"]


CHARTS = [
    asset["slice_name"] for path, asset in dashboards.load_assets().items() if path.startswith("charts/")
]


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_answers_a_decision_maker(reader, name):
    assert _data(reader, name)


def test_a_decision_maker_has_dashboards_and_nothing_else(reader, admin):
    database = admin.get("/api/v1/database/").json()["result"][0]["id"]
    refused = reader.post("/api/v1/sqllab/execute/", json={"database_id": database, "sql": "SELECT 1"})
    assert refused.status_code in (401, 403)


def _sql(http: httpx.Client, sql: str) -> httpx.Response:
    database = http.get("/api/v1/database/").json()["result"][0]["id"]
    return http.post(
        "/api/v1/sqllab/execute/",
        json={"database_id": database, "sql": sql, "schema": "marts", "runAsync": False},
    )


def test_a_statistician_reads_the_published_tables(service, address):
    with superset_service.client(service, address, "statisticien") as http:
        answer = _sql(http, "SELECT count(*) AS n FROM marts.tableau_de_bord")
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == [{"n": 9 * 120 * 8}]


HOSTILE = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/*')",
    "COPY (SELECT 1) TO '/tmp/sortie.csv'",
    "ATTACH '/tmp/autre.duckdb'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET threads = 8",
    "CREATE TABLE marts.intrus (n INTEGER)",
    "DROP TABLE marts.tableau_de_bord",
]


def test_duckdb_itself_refuses_whatever_leaves_the_published_file(service):
    code = f"""
from superset import db
from superset.models.core import Database
database = db.session.query(Database).one()
for statement in {HOSTILE!r}:
    with database.get_sqla_engine() as engine, engine.connect() as connection:
        try:
            connection.exec_driver_sql(statement).fetchall()
            print("ACCEPTE", statement)
        except Exception as error:
            print("REFUSE", type(error).__name__, statement)
"""
    answer = superset_service.in_superset(service, code)
    lines = [line for line in answer.stdout.splitlines() if line.startswith(("ACCEPTE", "REFUSE"))]
    assert len(lines) == len(HOSTILE), answer.stderr[-2000:]
    assert not [line for line in lines if line.startswith("ACCEPTE")]


def test_a_query_that_never_ends_is_interrupted(service):
    code = """
from superset import db
from superset.models.core import Database
database = db.session.query(Database).one()
with database.get_sqla_engine() as engine, engine.connect() as connection:
    try:
        connection.exec_driver_sql("SELECT count(*) FROM range(1000000000) a, range(1000000) b").fetchall()
        print("FINIE")
    except Exception as error:
        print("INTERROMPUE", "INTERRUPT" in str(error).upper())
"""
    answer = superset_service.in_superset(service, code, {"ACCES_SOINS_SUPERSET_DELAI_REQUETE": "1"})
    assert "INTERROMPUE True" in answer.stdout, answer.stdout + answer.stderr[-2000:]


def test_secrets_are_for_their_owner_only(service):
    folder = service.settings.services / "superset"
    for name in ("identifiants.json", "cle_secrete"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    hint = dashboards.credentials_hint(service.settings)
    assert "identifiants.json" in hint
    assert not any(service.password(login) in hint for login in service.accounts)


def test_a_second_run_does_nothing(service):
    assert dashboards.prepare(service.settings) is False
    assert dashboards.deploy(service.settings) is False
    assert dashboards.refresh(superset_service.VERSION, service.settings) is False


def test_nobody_enters_without_logging_in(address):
    assert httpx.get(f"{address}/api/v1/dashboard/acces-aux-soins").status_code in (401, 404)
    policy = httpx.get(f"{address}/login/").headers["content-security-policy"]
    assert "http" not in policy.replace("https_only", "")


def test_evolution_keeps_france_beside_the_chosen_territories(reader):
    label = published_marts.INDICATORS[0][1]
    chosen = {
        "libelle_indicateur": label,
        "libelle_region": "Bretagne",
        "libelle_departement": "29 – Finistère",
    }
    series = {
        row["serie"] for row in _data(reader, "Évolution : France, région et département choisis", chosen)
    }
    assert series == {"France (%)", "Région Bretagne", "29 – Finistère"}


def test_a_masked_value_is_never_zero(reader):
    label = published_marts.INDICATORS[0][1]
    rows = _data(reader, "Classement des départements", {"libelle_indicateur": label, "trimestre": "2025T4"})
    assert len(rows) == 101
    mayotte = next(row for row in rows if row["libelle_departement"].startswith("976"))
    assert mayotte["valeur_affichee"] == "–"
    assert mayotte["statut_en_clair"] == "Masqué : non communiqué par le producteur"


def test_what_the_code_drops_is_deleted_and_what_people_saved_stays(service, admin, tmp_path, monkeypatch):
    source = next(chart for name, chart in _charts(admin).items() if name == "Légende de la carte")
    saved = admin.post(
        "/api/v1/chart/",
        json={
            "slice_name": "Ma vue",
            "viz_type": "table",
            "params": "{}",
            "datasource_id": int(source["form_data"]["datasource"].split("__")[0]),
            "datasource_type": "table",
        },
        headers={"Referer": str(admin.base_url)},
    )
    assert saved.status_code == 201, saved.text
    folder = tmp_path / "assets"
    shutil.copytree(dashboards.ASSETS, folder)
    (folder / "charts/legende.yaml").unlink()
    path = folder / "dashboards/vue_ensemble.yaml"
    dashboard = yaml.safe_load(path.read_text(encoding="utf-8"))
    position = dashboard["position"]
    del position["CHART-legende"]
    position["COLUMN-carte"]["children"].remove("CHART-legende")
    path.write_text(yaml.safe_dump(dashboard, allow_unicode=True), encoding="utf-8")

    with monkeypatch.context() as patch:
        patch.setattr(dashboards, "ASSETS", folder)
        assert dashboards.deploy(service.settings) is True
    names = {chart["slice_name"] for chart in admin.get("/api/v1/chart/").json()["result"]}
    assert "Ma vue" in names
    assert "Légende de la carte" not in names

    assert dashboards.deploy(service.settings) is True
    assert "Légende de la carte" in _charts(admin)


# Last in this file: it changes what is served.
def test_a_swapped_link_is_seen_without_a_restart(service, reader):
    chosen = {"libelle_indicateur": published_marts.INDICATORS[0][1], "trimestre": "2025T4"}
    before = _data(reader, "Classement des départements", chosen)
    assert "DONNÉES D'ESSAI" in _data(reader, "Fraîcheur et statut des données")[0]["bandeau"]
    version = "20260420T023000Z-12345678"
    published_marts.publish(service.settings.publication, version, offset=10.0, data_label=REAL)
    assert dashboards.refresh(version, service.settings) is True
    after = _data(reader, "Classement des départements", chosen)
    assert {r["valeur_affichee"] for r in after} != {r["valeur_affichee"] for r in before}
    band = _data(reader, "Fraîcheur et statut des données")[0]["bandeau"]
    assert "20 avril 2026" in band
    assert "ESSAI" not in band
