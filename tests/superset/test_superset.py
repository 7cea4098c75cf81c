"""A real import into a fresh Superset: charts answer, the entry is closed, a link swap is seen."""

import csv
import json
import re
import shutil
import stat

import duckdb
import httpx
import pytest
import yaml
from python_calamine import CalamineWorkbook

import published_marts
import superset_service
from acces_soins import dashboards, formats, french
from chart_data import ALL, NATIONAL, exported
from chart_data import charts as _charts
from chart_data import data as _data

# One group: the tests that share a Superset run in one process.
pytestmark = [pytest.mark.superset, pytest.mark.xdist_group("superset")]
REAL = "Données réelles"


@pytest.fixture(scope="module")
def reader(superset, superset_address):
    with superset_service.client(superset, superset_address, "decideur") as http:
        yield http


@pytest.fixture(scope="module")
def admin(superset, superset_address):
    with superset_service.client(superset, superset_address, "admin") as http:
        yield http


ASSETS = dashboards.load_assets()
PAGES = {page["uuid"]: page for page in dashboards.of_kind(ASSETS, "dashboards").values()}


def _mart_row(code: str, quarter: str, territory: str = "FR", level: str = "france") -> dict:
    """What the published mart says of one key."""
    wanted = (code, quarter, territory, level)
    keys = ("code_indicateur", "trimestre", "code_territoire", "niveau")
    return next(r for r in published_marts.rows_of_the_dashboard() if tuple(r[k] for k in keys) == wanted)


_french = published_marts.french


LABELS = {indicator[0]: indicator[1] for indicator in published_marts.INDICATORS}
EVOLUTION = "Évolution : la France et les territoires choisis, face à la cible"
CARDS = "L'indicateur choisi en quelques chiffres"
RANKING = "Tous les départements, du plus favorable au moins favorable"
BAND = "Nature et date des données"
SOURCES = "Les sources : ce qui est en retard, jamais reçu ou écrasé sur le portail"
DEFINITION = "Ce que mesure l'indicateur, et ce qu'il ne dit pas"


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page["slug"])
def test_every_chart_answers_a_decision_maker_and_none_is_empty(reader, page):
    for name in _charts(reader, page["slug"]):
        assert _data(reader, name, slug=page["slug"]), name


def test_superset_holds_what_the_code_has_and_nothing_else(admin):
    for kind, endpoint in (("dashboards", "dashboard"), ("charts", "chart"), ("datasets", "dataset")):
        found = admin.get(f"/api/v1/{endpoint}/", params=ALL).raise_for_status().json()["result"]
        assert sorted(row["uuid"] for row in found) == sorted(
            asset["uuid"] for asset in dashboards.of_kind(ASSETS, kind).values()
        ), kind


def test_each_page_shows_the_charts_of_the_code(reader):
    for page in PAGES.values():
        tiles = [item for item in page["position"].values() if isinstance(item, dict)]
        wanted = {tile["meta"]["sliceName"] for tile in tiles if tile["type"] == "CHART"}
        assert set(_charts(reader, page["slug"])) == wanted, page["slug"]


def _first_shown(http: httpx.Client, slug: str) -> dict[str, str]:
    """What each filter of the page begins with, by its name; a filter that begins empty is left out."""
    page = http.get(f"/api/v1/dashboard/{slug}").raise_for_status().json()["result"]
    filters = json.loads(page["json_metadata"])["native_filter_configuration"]
    begins = {wanted["name"]: wanted["defaultDataMask"]["filterState"].get("value") for wanted in filters}
    return {name: value[0] for name, value in begins.items() if value}


@pytest.mark.parametrize(
    ("slug", "first"),
    [
        (NATIONAL, {"Indicateur": "taux_ald_sans_mt", "Trimestre": "Dernier trimestre chiffré"}),
        ("mon-departement", {"Département": "01 – Ain", "Indicateur": "taux_ald_sans_mt"}),
        (
            "accessibilite",
            {"Indicateur": "part_pop_apl_inf_2_5", "Trimestre": "Dernier trimestre chiffré"},
        ),
    ],
)
def test_a_page_knows_its_first_choices_before_it_asks(reader, slug, first):
    assert _first_shown(reader, slug) == {name: LABELS.get(value, value) for name, value in first.items()}


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


def test_a_statistician_reads_the_published_tables(superset, superset_address):
    with superset_service.client(superset, superset_address, "statisticien") as http:
        answer = _sql(http, "SELECT count(*) AS n FROM marts.tableau_de_bord")
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == [{"n": 9 * 120 * 8}]


def test_a_statistician_asks_what_was_known_on_a_day(superset, superset_address):
    with superset_service.client(superset, superset_address, "statisticien") as http:
        answer = _sql(http, "SELECT valeur, publication FROM marts.au('2026-01-15')")
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == [{"valeur": 3.0, "publication": "p1"}]


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


def test_duckdb_itself_refuses_whatever_leaves_the_published_file(superset):
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
    answer = superset_service.in_superset(superset, code)
    lines = [line for line in answer.stdout.splitlines() if line.startswith(("ACCEPTE", "REFUSE"))]
    assert len(lines) == len(HOSTILE), answer.stderr[-2000:]
    assert not [line for line in lines if line.startswith("ACCEPTE")]


def test_a_query_that_never_ends_is_interrupted(superset):
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
    answer = superset_service.in_superset(superset, code, {"ACCES_SOINS_SUPERSET_DELAI_REQUETE": "1"})
    assert "INTERROMPUE True" in answer.stdout, answer.stdout + answer.stderr[-2000:]


def test_secrets_are_for_their_owner_only(superset):
    folder = superset.settings.services / "superset"
    for name in ("identifiants.json", "cle_secrete"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    hint = dashboards.credentials_hint(superset.settings)
    assert "identifiants.json" in hint
    assert not any(superset.password(login) in hint for login in superset.accounts)


def test_a_second_run_does_nothing(superset):
    assert dashboards.prepare(superset.settings) is False
    assert dashboards.deploy(superset.settings) is False
    assert dashboards.refresh(superset_service.VERSION, superset.settings) is False


def test_whoever_follows_a_link_is_refused_on_a_page_in_french(superset_address):
    as_a_browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = httpx.get(f"{superset_address}/rien", headers=as_a_browser)
    assert answer.status_code == 404
    assert "<h1>Page introuvable</h1>" in answer.text and 'lang="fr"' in answer.text
    as_a_program = {"Accept": "application/json"}
    told = httpx.get(f"{superset_address}/rien", headers=as_a_program)
    assert told.headers["content-type"].startswith("application/json")


def test_no_outside_page_reads_the_answers(superset_address):
    answer = httpx.get(f"{superset_address}/login/", headers={"Origin": "https://tile.openstreetmap.org"})
    assert "access-control-allow-origin" not in answer.headers


def test_nobody_enters_without_logging_in(superset_address):
    assert httpx.get(f"{superset_address}/api/v1/dashboard/acces-aux-soins").status_code in (401, 404)
    policy = httpx.get(f"{superset_address}/login/").headers["content-security-policy"]
    assert "http" not in policy.replace("https_only", "")


LOGINS = """
import json
wrong, right = ({"username": "decideur", "password": word, "provider": "db"} for word in json.loads(WORDS))
app.config["WTF_CSRF_ENABLED"] = False
client = app.test_client()
print("API", [client.post("/api/v1/security/login", json=wrong).status_code for _ in range(5)])
for given in (wrong, wrong, wrong, right):
    client.post("/login/", data=given)
print("PAGE", client.get("/api/v1/me/").status_code)
"""


def test_passwords_cannot_be_tried_for_long(superset):
    words = json.dumps(["essai", superset.password("decideur")])
    code = LOGINS.replace("WORDS", repr(words))
    few = superset_service.in_superset(superset, code, {"ACCES_SOINS_SUPERSET_CONNEXIONS": "3 per minute"})
    assert "API [401, 401, 401, 429, 429]" in few.stdout, few.stdout + few.stderr[-2000:]
    assert "PAGE 401" in few.stdout, few.stdout
    many = superset_service.in_superset(superset, code)
    assert "PAGE 200" in many.stdout, many.stdout + many.stderr[-2000:]


TLS = """
forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "acces.fr"}
answer = app.test_client().get("/login/", headers=forwarded)
print("COOKIE", answer.headers["Set-Cookie"])
print("HSTS", answer.headers.get("Strict-Transport-Security"))
"""


def test_behind_tls_cookies_stay_on_it(superset):
    answer = superset_service.in_superset(superset, TLS, {"ACCES_SOINS_SUPERSET_TLS": "1"})
    (cookie,) = [line for line in answer.stdout.splitlines() if line.startswith("COOKIE")]
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax"))
    assert "HSTS max-age=" in answer.stdout
    plain = superset_service.in_superset(superset, TLS)
    assert "Secure" not in plain.stdout
    assert "HSTS None" in plain.stdout


def test_evolution_keeps_france_beside_the_chosen_territories(reader):
    chosen = {
        "libelle_indicateur": LABELS["taux_ald_sans_mt"],
        "libelle_region": "Bretagne",
        "libelle_departement": "29 – Finistère",
    }
    series = {row["serie"] for row in _data(reader, EVOLUTION, chosen)}
    territories = ("France", "Région Bretagne", "29 – Finistère")
    assert series - {"Cible nationale, chiffre visé"} == {
        f"{name}, chiffre {nature}" for name in territories for nature in ("observé", "reporté")
    }
    assert series <= set(dashboards.series_colours())


def test_a_carried_value_is_drawn_apart_from_the_observed_points(reader):
    rows = _data(reader, EVOLUTION, {"libelle_indicateur": LABELS["densite_mg_liberaux"]})
    observed = {r["trimestre"]: r["valeur_observee"] for r in rows if r["serie"].endswith("observé")}
    carried = {r["trimestre"]: r["valeur_reportee"] for r in rows if r["serie"].endswith("reporté")}
    assert set(observed) == set(carried)
    assert [quarter for quarter in sorted(observed) if observed[quarter] is not None] == ["2024T4", "2025T4"]
    # the carried level starts at the point that it repeats
    level = _mart_row("densite_mg_liberaux", "2024T4")["valeur"]
    assert {q: v for q, v in carried.items() if v is not None} == {
        quarter: pytest.approx(level) for quarter in ("2024T4", "2025T1", "2025T2", "2025T3")
    }


@pytest.mark.parametrize(
    ("name", "slug", "chosen", "unit"),
    [
        ("Évolution : unité, sources et dates", NATIONAL, LABELS["nb_msp"], "structures"),
        (
            "Trajectoire : unité, source et date",
            "mesures-du-pacte",
            f"{LABELS['nb_msp']} (structures)",
            "structures",
        ),
    ],
)
def test_a_drawn_chart_says_its_unit_and_of_each_line_the_status_date_and_source(
    reader, name, slug, chosen, unit
):
    (foot,) = _data(reader, name, {"libelle_indicateur": chosen}, slug)
    value = _french(_mart_row("nb_msp", "2025T4")["valeur"], 0)
    assert f"Unité\u00a0: {unit}<" in foot["pied"]
    assert f"<b>France</b>\u00a0: {value}\u00a0{unit} " in foot["pied"]
    assert 'as-s-observe">Observé</span> au 31/12/2025 · source\u00a0: Source fictive' in foot["pied"]


def test_a_series_without_any_value_says_why(reader):
    rows = _data(reader, EVOLUTION, {"libelle_indicateur": LABELS["delai_moyen_acces_specialistes"]})
    assert any("aucun chiffre, aucune source ouverte" in row["serie"] for row in rows)
    assert {row.get("valeur_observee", row.get("valeur_reportee")) for row in rows} == {None}


def test_the_cards_tell_a_carried_value_and_the_evolution_of_its_point(reader):
    row = _mart_row("file_active_moyenne_mg", "2025T3")
    assert (row["statut"], row["evolution"]) == ("reporte", None)
    chosen = {"libelle_indicateur": LABELS["file_active_moyenne_mg"], "choix_trimestre": "3e trimestre 2025"}
    (card,) = [answer["chiffres"] for answer in _data(reader, CARDS, chosen)]
    assert f'<div class="as-valeur">{_french(row["valeur"], 0)}<' in card
    assert 'as-s-reporte">Reporté</span> données au 30/06/2025' in card
    change = _french(row["evolution_point"], 0)
    assert f'<span class="as-favorable">↗\u00a0+{change}\u00a0patients</span>' in card
    assert "entre le 31/12/2024 et le 30/06/2025" in card


def test_the_cards_judge_by_the_sense_of_the_indicator(reader):
    row = _mart_row("part_pop_apl_inf_2_5", "2025T4")
    assert row["evolution_point"] > 0
    chosen = {"libelle_indicateur": LABELS["part_pop_apl_inf_2_5"], "choix_trimestre": "4e trimestre 2025"}
    (card,) = [answer["chiffres"] for answer in _data(reader, CARDS, chosen)]
    assert f'as-defavorable">↗\u00a0+{_french(row["evolution_point"], 1)}\u00a0point</span>' in card
    assert "· défavorable" in card


def test_a_card_without_a_value_says_why(reader):
    chosen = {
        "libelle_indicateur": LABELS["delai_moyen_acces_specialistes"],
        "choix_trimestre": "4e trimestre 2025",
    }
    (card,) = [answer["chiffres"] for answer in _data(reader, CARDS, chosen)]
    assert 'as-s-non_disponible">Non disponible<' in card
    assert "aucune source ouverte" in card and "Pas de chiffre" in card


def test_the_chosen_departement_has_its_cards(reader):
    row = _mart_row("densite_mg_liberaux", "2025T4", "29", "departement")
    chosen = {
        "libelle_indicateur": LABELS["densite_mg_liberaux"],
        "choix_trimestre": "4e trimestre 2025",
        "libelle_departement": "29 – Finistère",
    }
    france, finistere = [answer["chiffres"] for answer in _data(reader, CARDS, chosen)]
    assert "France · 4e trimestre 2025" in france
    assert "29 – Finistère" in finistere
    assert f'{row["rang"]}<span class="as-unite"> sur {row["nb_classes"]}</span>' in finistere
    assert _french(row["valeur"] - row["valeur_france"], 1) in finistere


def _ranking(reader, code: str, quarter: str = "2025T4") -> list[dict]:
    chosen = {"libelle_indicateur": LABELS[code], "choix_trimestre": published_marts.period(quarter)}
    return _data(reader, RANKING, chosen)


def test_the_ranking_shows_the_numbers_of_the_mart(reader):
    rows = _ranking(reader, "densite_mg_liberaux")
    assert len(rows) == 101
    first = rows[0]
    mart = _mart_row("densite_mg_liberaux", "2025T4", first["libelle_departement"][:2], "departement")
    assert mart["rang"] == 1
    assert first["valeur_affichee"].strip("\u2007") == _french(mart["valeur"], 1)
    assert _french(mart["evolution_point"], 1) in first["evolution_affichee"]
    assert "depuis le 31/12/2024" in first["evolution_affichee"]
    assert _french(mart["valeur"] - mart["valeur_france"], 1) in first["ecart_france"]


def test_the_ranking_shows_the_figures_of_the_file_that_a_reader_takes_away(superset, reader, tmp_path):
    formats.write_nightly(superset.settings.published_warehouse, tmp_path)
    for code in ("densite_mg_liberaux", "taux_ald_sans_mt"):
        with (tmp_path / "tableau_de_bord.csv").open(encoding="utf-8", newline="") as stream:
            lines = [line for line in csv.DictReader(stream) if line["code_indicateur"] == code]
        wanted = {
            line["code_territoire"]: french.number(float(line["valeur"]), 1) if line["valeur"] else "–"
            for line in lines
            if (line["niveau"], line["trimestre"]) == ("departement", "2025T4")
        }
        shown = {
            row["libelle_departement"].split(" ")[0]: row["valeur_affichee"].strip("\u2007")
            for row in _ranking(reader, code)
        }
        assert len(shown) == 101 and shown == wanted


def test_a_number_of_structures_has_no_gap_to_the_national_total(reader):
    assert {row["ecart_france"] for row in _ranking(reader, "nb_msp")} == {"–"}


def test_a_masked_value_is_never_zero_and_ends_the_ranking_with_its_reason(reader):
    rows = _ranking(reader, "taux_ald_sans_mt")
    assert len(rows) == 101
    last = {row["libelle_departement"][:3].strip(): row for row in rows[-2:]}
    assert set(last) == {"93", "976"}
    assert {row["valeur_affichee"] for row in last.values()} == {"–"}
    assert {row["rang_affiche"] for row in last.values()} == {"–"}
    assert last["976"]["statut_affiche"].endswith(">Masqué</span> non communiqué par le producteur")
    assert last["93"]["statut_affiche"].endswith(">Non disponible</span> édition non reçue")


def test_the_map_leaves_a_masked_departement_white_and_the_legend_counts_it(reader):
    chosen = {"libelle_indicateur": LABELS["taux_ald_sans_mt"], "choix_trimestre": "4e trimestre 2025"}
    shapes = {row["forme"]: row["valeur_carte"] for row in _data(reader, "Carte des départements", chosen)}
    assert len(shapes) == 99 + 1
    assert shapes["sans valeur"] is None
    (legend,) = _data(reader, "Légende de la carte", chosen)
    legend = next(iter(legend.values()))
    assert "Masqué\u00a0: 976 – Mayotte (non communiqué par le producteur)" in legend
    assert "Sans chiffre\u00a0: 93 – Seine-Saint-Denis (édition non reçue)" in legend
    assert "Reporté\u00a0: 1 sur 99" in legend and "Source\u00a0: Source fictive" in legend
    assert 'class="as-masque-FR-YT"' in legend and 'class="as-reporte-FR-23"' in legend
    assert "as-cadre" not in legend
    assert LABELS["taux_ald_sans_mt"] in legend and "4e trimestre 2025" in legend
    (legend,) = _data(reader, "Légende de la carte", {**chosen, "libelle_region": "Bretagne"})
    assert 'class="as-cadre-53"' in next(iter(legend.values()))


def test_a_late_source_comes_first_and_says_so(reader):
    late, on_time = _data(reader, SOURCES, slug="qualite-et-fraicheur")
    assert "as-retard" in late["etat"] and "En retard de" in late["etat"]
    assert late["contenu"] == "Fichier fictif, en retard"
    assert late["dernier_incident"] == "Le 19/01/2026\u00a0: f.csv, ligne 2, hors contrat"
    assert late["archive"] == '8 éditions, 1 révision, <span class="as-retard">manque 2025-06-30</span>'
    assert on_time["archive"] == "8 éditions, 1 révision"
    assert (on_time["etat"], on_time["dernier_incident"]) == ("À jour", "aucun")


def test_the_definition_says_what_the_figure_does_not(reader):
    chosen = {"libelle_indicateur": LABELS["taux_ald_sans_mt"]}
    (panel,) = [row["definition"] for row in _data(reader, DEFINITION, chosen)]
    for text in (
        "Sert aux tests.",
        "aucune\u00a0: chiffre inventé",
        "Rien de vrai.",
        "fichier fictif, à jour",
    ):
        assert text in panel
    assert "un effectif &lt; 5" in panel


def test_a_tile_says_the_figure_the_target_and_what_is_left(reader):
    tiles = {
        row["tuile"]
        for row in _data(reader, "Les indicateurs du Pacte en France : où en est-on, face à quelle cible")
    }
    (rate,) = [tile for tile in tiles if LABELS["taux_ald_sans_mt"] in tile]
    row = _mart_row("taux_ald_sans_mt", "2025T4")
    assert f'as-valeur">{_french(row["valeur"], 1)}<' in rate
    assert "Cible\u00a0: 2,0\u00a0% au 31/12/2025" in rate and "width:40%" in rate
    (delay,) = [tile for tile in tiles if LABELS["delai_moyen_acces_specialistes"] in tile]
    assert "Pas de chiffre" in delay and "aucune source ouverte" in delay and "as-jauge" not in delay


def test_who_improves_and_who_worsens_follow_the_sense(reader):
    chosen = {"libelle_indicateur": LABELS["part_pop_apl_inf_2_5"]}
    name = "Qui progresse, qui recule depuis le point comparable précédent"
    (panel,) = [row["mouvements"] for row in _data(reader, name, chosen)]
    # every département rises, which is unfavourable for this share
    assert "Qui progresse (0)" in panel and "as-favorable" not in panel
    assert panel.count("as-defavorable") == 6


def test_an_indicator_without_evolution_says_so(reader):
    chosen = {"libelle_indicateur": LABELS["delai_moyen_acces_specialistes"]}
    name = "Qui progresse, qui recule depuis le point comparable précédent"
    (panel,) = [row["mouvements"] for row in _data(reader, name, chosen)]
    assert "Aucune évolution à montrer" in panel


def test_the_departement_stands_beside_its_five_peers_its_region_and_france(reader):
    chosen = {"libelle_indicateur": LABELS["densite_mg_liberaux"], "libelle_departement": "29 – Finistère"}
    name = "Face aux cinq départements qui lui ressemblent"
    (panel,) = [row["barres"] for row in _data(reader, name, chosen, "mon-departement")]
    assert panel.count('class="as-barre"') == 8
    assert 'as-ici-meme">29 – Finistère<' in panel and ">Région Bretagne<" in panel and ">France<" in panel
    # a number of structures lies below the totals: they are left out
    chosen["libelle_indicateur"] = LABELS["nb_msp"]
    (panel,) = [row["barres"] for row in _data(reader, name, chosen, "mon-departement")]
    assert panel.count('class="as-barre"') == 6


def test_a_departement_without_accessibility_says_so(reader):
    name = "Dans le département : des communes inégalement desservies"
    chosen = {"libelle_departement": "976 – Mayotte"}
    (panel,) = [row["dispersion"] for row in _data(reader, name, chosen, "mon-departement")]
    assert "Hors champ" in panel and "as-barre" not in panel


def test_the_region_has_all_its_departements_sorted_and_the_national_line(reader):
    chosen = {"libelle_indicateur": LABELS["densite_mg_liberaux"], "libelle_region": "Bretagne"}
    name = "Les départements de la région, du plus favorable au moins favorable"
    (panel,) = [row["barres"] for row in _data(reader, name, chosen, "ma-region")]
    rows = [
        _mart_row("densite_mg_liberaux", "2025T4", code, "departement") for code in ("22", "29", "35", "56")
    ]
    places = [panel.index(f">{row['libelle_complet']}<") for row in sorted(rows, key=lambda row: row["rang"])]
    assert places == sorted(places)
    assert panel.count('class="as-repere"') == 4


def test_what_no_open_source_measures_is_said(reader):
    name = "Les mesures du Pacte : ce qui est promis, où l'on en est"
    tiles = [row["tuile"] for row in _data(reader, name, slug="mesures-du-pacte")]
    assert ["Pas de source ouverte" in tile for tile in tiles] == [False, True]


def test_a_measure_without_any_figure_has_no_path_and_says_why(reader):
    name = "Trajectoire : les chiffres observés face au chemin que chaque cible demande"
    chosen = {"libelle_indicateur": f"{LABELS['delai_moyen_acces_specialistes']} (jours)"}
    rows = _data(reader, name, chosen, "mesures-du-pacte")
    assert {row["serie"] for row in rows} == {"France\u00a0: aucun chiffre, aucune source ouverte"}
    assert {row["valeur_tracee"] for row in rows} == {None}


def test_without_any_revision_the_page_says_so(reader):
    name = "Les révisions : les valeurs publiées qui ont changé, et pourquoi"
    (row,) = _data(reader, name, slug="qualite-et-fraicheur")
    assert row["libelle_indicateur"] == "Aucune valeur révisée depuis la première publication"


def test_files_are_for_those_who_logged_in(superset_address):
    for path in ("/donnees/tableau_de_bord.parquet", "/donnees/departement/29.csv", "/fiches/fiche-29.pdf"):
        answer = httpx.get(f"{superset_address}{path}")
        assert answer.status_code == 302 and "/login/" in answer.headers["location"], path


def test_the_departement_s_sheet_is_linked_once_it_is_made(superset, reader):
    chosen = {"libelle_departement": "29 – Finistère"}

    def header() -> str:
        (row,) = _data(reader, "Le département choisi", chosen, "mon-departement")
        return row["entete"]

    assert "pas encore faite" in header() and "/donnees/departement/29.csv" in header()
    sheet = superset.settings.factsheets / superset_service.VERSION / "fiche-29.pdf"
    sheet.parent.mkdir(parents=True)
    sheet.write_bytes(b"%PDF-1.7")
    assert 'href="/fiches/fiche-29.pdf"' in header()


VISITS = """
import json, runpy
from superset import db
manage, asked = runpy.run_path(MANAGE), json.loads(ASKED)
app.config["WTF_CSRF_ENABLED"] = False

def visit():
    visitor = app.test_client()
    told = {path: visitor.get(path).status_code for path in asked["pages"]}
    charts = visitor.get("/api/v1/dashboard/acces-aux-soins/charts").get_json().get("result", [])
    if charts:
        form = next(c for c in charts if c["slice_name"] == asked["chart"])["form_data"]
        page = visitor.get("/api/v1/dashboard/acces-aux-soins").get_json()["result"]["id"]
        query = {"columns": form["all_columns"], "row_limit": 10}
        for kind in ("json", "csv"):
            told[kind] = visitor.post("/api/v1/chart/data", json={
                "datasource": {"id": int(form["datasource"].split("__")[0]), "type": "table"},
                "queries": [query], "form_data": {**form, "dashboardId": page},
                "result_format": kind, "result_type": "full",
            }).status_code
    leaving = "/api/v1/dashboard/1/colors?mark_updated=false"
    told["leaving"] = visitor.put(leaving, json={"color_namespace": ""}).status_code
    sql = {"database_id": 1, "sql": "SELECT 1"}
    told["sql"] = visitor.post("/api/v1/sqllab/execute/", json=sql).status_code
    return told

for public in (True, False):
    manage["admit"](asked["dashboards"], public)
    db.session.commit()
    print(json.dumps(visit()))
"""


def test_who_has_no_account_sees_the_dashboards_only_where_they_are_public(superset):
    dashboard, file = "/superset/dashboard/acces-aux-soins/", "/donnees/tableau_de_bord.parquet"
    closed_to_all = [
        "/api/v1/database/",
        "/api/v1/dataset/",
        "/sqllab/",
        "/api/v1/saved_query/",
        "/users/list/",
    ]
    asked = {"pages": [dashboard, file, *closed_to_all], "chart": RANKING, "dashboards": list(PAGES)}
    code = VISITS.replace("MANAGE", repr(str(dashboards.SUPERSET / "manage.py")))
    answer = superset_service.in_superset(superset, code.replace("ASKED", repr(json.dumps(asked))))
    lines = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
    assert len(lines) == 2, answer.stderr[-2000:]
    public, closed = lines
    assert (public[dashboard], public[file], public["json"], public["csv"]) == (200, 200, 200, 403)
    assert (closed[dashboard], closed[file]) == (302, 302) and "json" not in closed
    for told in lines:
        assert told["sql"] in (401, 403)
        assert told["leaving"] == 403  # after a 401, Superset's pages go to the login page
        assert 200 not in {told[path] for path in closed_to_all}, told


TARGETS = "Toutes les cibles chiffrées : ce qui reste à faire, à quel rythme, est-ce faisable"


@pytest.mark.parametrize(
    ("name", "slug"), [(RANKING, NATIONAL), (BAND, NATIONAL), (TARGETS, "mesures-du-pacte")]
)
def test_an_exported_chart_has_no_html(reader, name, slug):
    text = exported(reader, name, slug).content.decode("utf-8")
    assert text.startswith("\ufeff") and not re.search(r"<[/\w]|&\w+;|\bas-", text)


def test_an_exported_ranking_is_numbers_for_a_spreadsheet(reader):
    chosen = {"libelle_indicateur": LABELS["taux_ald_sans_mt"]}
    text = exported(reader, RANKING, NATIONAL, chosen).content.decode("utf-8-sig")
    rows = {row["Département"]: row for row in csv.DictReader(text.splitlines(), delimiter=";")}
    assert len(rows) == 101
    finistere = _mart_row("taux_ald_sans_mt", "2025T4", "29", "departement")
    row = rows["29 – Finistère"]
    assert row["Valeur"] == _french(finistere["valeur"], 1)
    gap = round(finistere["valeur"] - finistere["valeur_france"], 1)
    assert row["Écart à la France"] == f"{gap}".replace(".", ",")
    masked = rows["976 – Mayotte"]
    assert masked["Valeur"] == "" and masked["Statut"] == "Masqué non communiqué par le producteur"


def test_an_exported_chart_says_of_what_data_and_what_to_know(reader, tmp_path):
    """The Excel file too, opened as a reader would: numbers are numbers, and the words go with them."""
    told = f"{ASSETS['charts/classement.yaml']['description']} Une cellule vide n'est jamais zéro"
    chosen = {"libelle_indicateur": LABELS["taux_ald_sans_mt"]}
    text = exported(reader, RANKING, NATIONAL, chosen).content.decode("utf-8-sig")
    first = next(csv.DictReader(text.splitlines(), delimiter=";"))
    book = tmp_path / "classement.xlsx"
    book.write_bytes(exported(reader, RANKING, NATIONAL, chosen, "xlsx").content)
    heading, *lines = CalamineWorkbook.from_path(str(book)).get_sheet_by_index(0).to_python()
    rows = [dict(zip(heading, line, strict=True)) for line in lines]
    for row in (first, rows[0]):
        assert row["Nature des données"] == published_marts.TRIAL
        assert row["Publication"] == "20 janvier 2026 à 02 h 30 (UTC)"
        assert row["À savoir"].startswith(told)
    finistere = next(row for row in rows if row["Département"] == "29 – Finistère")
    value = _mart_row("taux_ald_sans_mt", "2025T4", "29", "departement")["valeur"]
    assert finistere["Valeur"] == pytest.approx(value, abs=0.05)
    masked = next(row for row in rows if row["Département"] == "976 – Mayotte")
    assert masked["Valeur"] == "" and masked["Statut"].startswith("Masqué")


def test_an_answer_in_sql_says_that_its_data_are_fictitious(superset, superset_address):
    asked = {"sql": "SELECT code_territoire, valeur FROM marts.tableau_de_bord LIMIT 2", "schema": "marts"}
    with superset_service.client(superset, superset_address, "statisticien") as http:
        database = http.get("/api/v1/database/").json()["result"][0]["id"]
        client = {"client_id": "essai12345", "database_id": database, "runAsync": False}
        http.post("/api/v1/sqllab/execute/", json=asked | client).raise_for_status()
        text = http.get("/api/v1/sqllab/export/essai12345/").raise_for_status().content.decode("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    assert len(rows) == 2
    assert {row["Nature des données"] for row in rows} == {published_marts.TRIAL}
    assert all(re.fullmatch(r"\d+(,\d+)?|", row["valeur"]) for row in rows)


def test_the_targets_say_the_sentence_and_what_is_left(reader):
    rows = _data(reader, TARGETS, slug="mesures-du-pacte")
    past, followed = (row for row in rows if row["libelle_indicateur"] == LABELS["taux_ald_sans_mt"])
    assert followed["cible"] == "2,0\u00a0% au 31/12/2025" and followed["reste"].startswith("reste")
    assert past["reste"] == "échéance passée"
    assert "une phrase inventée\u00a0» – Document d'essai" in followed["phrase"]
    (everywhere,) = (row for row in rows if row["libelle_indicateur"] == LABELS["nb_msp"])
    assert "dans chaque département" in everywhere["cible"]


def test_the_next_publication_comes_first_in_the_calendar(reader):
    name = "Le calendrier : quand viennent les prochaines publications trimestrielles"
    coming, done = _data(reader, name, slug="qualite-et-fraicheur")
    assert (coming["prevue_le"], coming["etat_affiche"]) == ("19/02/2099", "Date confirmée")
    assert done["etat_affiche"] == "Publiée le 20/11/2025"


def test_superset_speaks_our_french(superset_address):
    pack = httpx.get(f"{superset_address}/superset/language_pack/fr/").raise_for_status().json()
    assert pack["locale_data"]["superset"]["Filters and controls"] == ["Filtres et réglages"]


def test_what_the_code_drops_is_deleted_and_what_people_saved_stays(superset, admin, tmp_path, monkeypatch):
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
    for path in (folder / "dashboards").glob("*.yaml"):
        dashboard = yaml.safe_load(path.read_text(encoding="utf-8"))
        for column in (column for row in dashboard["lignes"] for column in row):
            column["graphiques"] = [name for name in column["graphiques"] if name != "legende"]
        path.write_text(yaml.safe_dump(dashboard, allow_unicode=True), encoding="utf-8")

    with monkeypatch.context() as patch:
        patch.setattr(dashboards.assets, "ASSETS", folder)
        assert dashboards.deploy(superset.settings) is True
    names = {chart["slice_name"] for chart in admin.get("/api/v1/chart/", params=ALL).json()["result"]}
    assert "Ma vue" in names
    assert "Légende de la carte" not in names

    assert dashboards.deploy(superset.settings) is True
    assert "Légende de la carte" in _charts(admin)


@pytest.fixture
def another_publication(superset):
    """A second version, served during the test; the first one comes back afterwards, for the other tests."""
    version = "20260420T023000Z-12345678"
    file = published_marts.publish(superset.settings.publication, version, offset=10.0, data_label=REAL)
    with duckdb.connect(str(file)) as connection:
        connection.execute("DELETE FROM marts.tableau_couverture WHERE code_indicateur = 'taux_ald_sans_mt'")
    yield version
    published_marts.serve(superset.settings.publication, superset_service.VERSION)
    dashboards.refresh(superset_service.VERSION, superset.settings)


def test_a_swapped_link_is_seen_without_a_restart(superset, reader, request):
    before = _ranking(reader, "taux_ald_sans_mt")
    assert "DONNÉES D'ESSAI" in _data(reader, BAND)[0]["bandeau"]
    version = request.getfixturevalue("another_publication")
    # nothing told Superset: a cached row does not outlive its publication all the same
    after = _ranking(reader, "taux_ald_sans_mt")
    assert {r["valeur_affichee"] for r in after}.isdisjoint({r["valeur_affichee"] for r in before} - {"–"})
    assert dashboards.refresh(version, superset.settings) is True
    band = _data(reader, BAND)[0]["bandeau"]
    assert "20 avril 2026" in band
    assert "ESSAI" not in band
    # a page never begins with what the publication has no more
    begins = _first_shown(reader, NATIONAL)["Indicateur"]
    assert begins != LABELS["taux_ald_sans_mt"] and begins in LABELS.values()
