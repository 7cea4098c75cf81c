"""What a statistician may not do in SQL Lab: each attack is refused, in French, and nothing changes."""

import hashlib

import pytest

import superset_service

pytestmark = [pytest.mark.superset, pytest.mark.xdist_group("superset")]

ATTACKS = {
    "lire un fichier CSV": "SELECT * FROM read_csv('/etc/passwd')",
    "lire un fichier texte": "SELECT * FROM read_text('/etc/passwd')",
    "lire un fichier binaire": "SELECT * FROM read_blob('/etc/passwd')",
    "lire un fichier JSON": "SELECT * FROM read_json('/etc/passwd')",
    "lire un fichier Parquet": "SELECT * FROM read_parquet('/tmp/x.parquet')",
    "lire un fichier par son nom": "SELECT * FROM '/etc/passwd.csv'",
    "lister un dossier": "SELECT * FROM glob('/*')",
    "deviner un CSV": "SELECT * FROM sniff_csv('/etc/passwd')",
    "lire par une sous-requête": "SELECT (SELECT count(*) FROM read_text('/etc/passwd')) AS n",
    "lire par une CTE": "WITH f AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM f",
    "lire les métadonnées d'un Parquet": "SELECT * FROM parquet_metadata('/tmp/x.parquet')",
    "lire une base": "SELECT * FROM sqlite_scan('superset.db', 'ab_user')",
    "lire une variable d'environnement": "SELECT getenv('HOME')",
    "écrire un fichier": "COPY (SELECT 1) TO '/tmp/intrus.csv'",
    "exporter la base": "EXPORT DATABASE '/tmp/intrus'",
    "attacher un fichier": "ATTACH '/tmp/intrus.duckdb'",
    "attacher la mémoire": "ATTACH ':memory:' AS intrus",
    "attacher le réseau": "ATTACH 'https://example.org/a.duckdb' AS intrus",
    "installer une extension": "INSTALL httpfs",
    "installer depuis le réseau": "INSTALL httpfs FROM 'http://example.org'",
    "charger une extension": "LOAD httpfs",
    "joindre le réseau": "SELECT * FROM read_csv('https://example.org/a.csv')",
    "joindre un seau": "SELECT * FROM read_parquet('s3://seau/a.parquet')",
    "créer un secret": "CREATE SECRET intrus (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "rouvrir l'accès": "SET enable_external_access = true",
    "changer les fils": "SET threads = 8",
    "changer la mémoire": "SET GLOBAL memory_limit = '100GB'",
    "changer par PRAGMA": "PRAGMA threads = 8",
    "remettre un réglage": "RESET threads",
    "créer une table": "CREATE TABLE marts.intrus (n INTEGER)",
    "créer une vue": "CREATE VIEW marts.intrus AS SELECT 1",
    "créer une macro": "CREATE MACRO intrus() AS 1",
    "insérer": "INSERT INTO marts.tableau_de_bord (valeur) VALUES (1)",
    "modifier": "UPDATE marts.tableau_de_bord SET valeur = 0",
    "supprimer des lignes": "DELETE FROM marts.tableau_de_bord",
    "vider": "TRUNCATE marts.tableau_de_bord",
    "supprimer une table": "DROP TABLE marts.tableau_de_bord",
    "changer une table": "ALTER TABLE marts.tableau_de_bord ADD COLUMN n INTEGER",
    "deux instructions": "SELECT 1; DROP TABLE marts.tableau_de_bord",
    "cacher dans un commentaire": "SELECT 1 /* */; COPY (SELECT 1) TO '/tmp/intrus.csv'",
    "appeler une pragma": "CALL pragma_version(); SET threads = 4",
    "expliquer en exécutant": "EXPLAIN ANALYZE SELECT * FROM read_text('/etc/passwd')",
}
# Superset's own English, and DuckDB's.
ENGLISH = ("cannot", "not allowed", "disabled", "error:", "failed", "only select", "permission", "unable")


def _execute(http, sql, limit=None):
    database = http.get("/api/v1/database/").json()["result"][0]["id"]
    wanted = {
        "database_id": database,
        "sql": sql,
        "schema": "marts",
        "runAsync": False,
        "queryLimit": limit,
    }
    return http.post("/api/v1/sqllab/execute/", json=wanted)


@pytest.fixture(scope="module")
def statistician(superset, superset_address):
    with superset_service.client(superset, superset_address, "statisticien") as http:
        yield http


@pytest.fixture(scope="module")
def published(superset):
    """Hash of the served file before any attack."""
    return hashlib.sha256(superset.settings.published_warehouse.read_bytes()).hexdigest()


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_attack_is_refused_in_french(statistician, published, attack):
    answer = _execute(statistician, ATTACKS[attack])
    assert answer.status_code >= 400, answer.text[:500]
    (told, *_) = [error["message"] for error in answer.json()["errors"]]
    assert not [word for word in ENGLISH if word in told.lower()], told


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT * FROM marts.tableau_de_bor", "La table « tableau_de_bor » n'existe pas"),
        ("SELECT vale FROM marts.tableau_de_bord", "La colonne « vale » n'existe pas"),
        ("SELECT moyene(valeur) FROM marts.tableau_de_bord", "La fonction « moyene » n'existe pas"),
        ("SELECT 1 +", "Le SQL n'est pas bien formé, près de « + », ligne 1"),
        ("SELECT 1 / 'a'", "La base a refusé la requête. Sa réponse : "),
    ],
)
def test_a_mistake_is_told_in_french(statistician, sql, told):
    answer = _execute(statistician, sql)
    assert told in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(("written", "rows"), [("LIMIT 2", 2), ("LIMIT 2000", 10), ("", 10)])
def test_the_lower_of_two_limits_counts(statistician, written, rows):
    """The one that the query holds, and the one of SQL Lab's menu."""
    answer = _execute(statistician, f"SELECT code_territoire FROM marts.tableau_de_bord {written}", 10)
    assert len(answer.json()["data"]) == rows


def test_nothing_was_written_and_the_server_still_answers(statistician, superset, published):
    now = hashlib.sha256(superset.settings.published_warehouse.read_bytes()).hexdigest()
    assert now == published
    answer = _execute(statistician, "SELECT count(*) AS n FROM marts.tableau_de_bord")
    assert answer.json()["data"] == [{"n": 9 * 120 * 8}]
