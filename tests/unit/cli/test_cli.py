"""The command line as its users type it: help in French, one clear line on errors, exit codes."""

import io
import json
import re
import subprocess
import sys

import duckdb
import pyarrow.parquet as pq
import pytest

from acces_soins.settings import get_settings

ENGLISH = re.compile(r"usage:|show this|required|default:|commands", re.IGNORECASE)
REGIONS = "REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE\n"


@pytest.fixture
def run():
    """Run the installed command; standard input is closed."""

    def command(*arguments, text=True):
        line = [sys.executable, "-m", "acces_soins.cli", *map(str, arguments)]
        return subprocess.run(line, capture_output=True, text=text, stdin=subprocess.DEVNULL)

    return command


@pytest.fixture
def published():
    folder = get_settings().publication / "versions" / "v1"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "entrepot.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.t as select '01' as code, 1.5 as valeur, date '2025-06-30' as jour "
            "union all select '2A', null, null order by 1"
        )
    get_settings().current.symlink_to("versions/v1")


def test_help_is_in_french_and_names_every_command(run):
    done = run("--help")
    assert done.returncode == 0
    for name in (
        "extract",
        "deposit",
        "build",
        "check",
        "publish",
        "sql",
        "explain",
        "status",
        "dashboards",
        "propose",
        "freeze",
        "refuse",
        "verify",
        "diff",
        "backup",
        "restore",
    ):
        assert name in done.stdout
    assert "Interroger la version servie" in done.stdout
    assert ENGLISH.search(done.stdout) is None
    assert ENGLISH.search(run("deposit", "--help").stdout) is None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["explain"], "il manque l'argument INDICATEUR. Voir acces-soins explain --help."),
        (["deposit", "s", "f"], "il manque l'option --edition."),
        (["raconte"], "commande inconnue : « raconte »."),
        (["status", "--vite"], "option inconnue : --vite."),
        (["sql", "select 1", "--format"], "l'option --format attend une valeur."),
        (["sql", "select 1", "--format", "xml"], "--format = « xml » ; attendu : 'table', 'csv', 'json'"),
        (["status", "tout"], "argument en trop : tout."),
    ],
)
def test_what_is_typed_wrong_is_told_in_one_french_line(run, typed, told):
    done = run(*typed)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Erreur : {told}") and done.stderr.count("\n") == 1


def test_before_the_first_publication_sql_says_what_to_do(run):
    done = run("sql", "select 1")
    assert done.returncode == 2
    assert done.stderr.startswith("Erreur : ") and "make run" in done.stderr
    assert "Traceback" not in done.stderr


def test_sql_as_table(run, published):
    done = run("sql", "select code, valeur from marts.t order by code")
    assert done.returncode == 0
    assert "01" in done.stdout and "1.5" in done.stdout and "(2 lignes)" in done.stdout


def test_sql_as_csv_keeps_codes_and_leaves_missing_values_empty(run, published):
    done = run("sql", "select * from marts.t order by code", "--format", "csv")
    assert done.stdout == '"code","valeur","jour"\n"01",1.5,2025-06-30\n"2A",,\n'


def test_sql_as_json(run, published):
    done = run("sql", "select * from marts.t order by code", "--format", "json")
    assert json.loads(done.stdout) == [
        {"code": "01", "valeur": 1.5, "jour": "2025-06-30"},
        {"code": "2A", "valeur": None, "jour": None},
    ]


def test_sql_as_parquet(run, published):
    done = run("sql", "select * from marts.t", "--format", "parquet", text=False)
    assert pq.read_table(io.BytesIO(done.stdout)).num_rows == 2


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "copy (select 1) to '/tmp/acces_soins_essai.csv'",
        "attach '/tmp/autre.duckdb'",
        "install httpfs",
        "set enable_external_access = true",
        "delete from marts.t",
        "create table marts.u as select 1",
    ],
)
def test_sql_reads_and_nothing_else(run, published, query):
    done = run("sql", query)
    assert done.returncode == 1
    assert done.stderr.startswith("Erreur : requête refusée")


def test_a_wrong_query_is_one_clear_error(run, published):
    done = run("sql", "select colonne_absente from marts.t")
    assert done.returncode == 1
    assert "colonne_absente" in done.stderr and "Traceback" not in done.stderr


def test_a_deposit_for_an_unknown_source_is_refused(run, tmp_path):
    done = run("deposit", "ameli.rien", tmp_path / "x.csv", "--edition", "2024")
    assert done.returncode == 2
    assert "source inconnue du catalogue" in done.stderr


def test_a_deposit_that_breaks_its_contract_is_refused_and_kept_in_quarantine(run, tmp_path):
    given = tmp_path / "v_region_2026.csv"
    given.write_text(REGIONS.replace("NCC,", "") + "01,97105,3,G,G\n")
    done = run("deposit", "insee.cog_regions", given, "--edition", "2026")
    assert done.returncode == 1
    assert "v_region_2026.csv, ligne 1" in done.stderr and "« NCC »" in done.stderr
    assert given.exists()
    assert len(list(get_settings().quarantine.rglob("motif.json"))) == 1


def test_status_lists_every_source(run):
    done = run("status")
    assert done.returncode == 0
    assert "jamais reçue" in done.stdout and "insee.cog_regions" in done.stdout
    assert "Version servie : aucune" in done.stdout
    assert "Publications trimestrielles\n  Dernière figée : aucune\n" in done.stdout


def test_a_disk_that_refuses_is_one_clear_line(run, tmp_path):
    (tmp_path / "fichier").write_text("")
    done = run("backup", tmp_path / "fichier" / "s.tar.gz")
    assert done.returncode == 1
    assert done.stderr.startswith("Erreur : ") and "Traceback" not in done.stderr
