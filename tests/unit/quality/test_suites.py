"""Suites as files: what is refused, what a crash counts for, what the pages show."""

import json
import re

import duckdb
import pytest

from acces_soins.catalog import get_source, load_indicators, load_sources
from acces_soins.errors import ConfigurationError
from acces_soins.quality import (
    CheckResult,
    check_landing,
    engine,
    first_critical,
    landing,
    publication,
    suites,
)
from acces_soins.quality.pages import add_suite
from acces_soins.quality.suites import Scope, expand, load_suite

from .conftest import ald_infra, write_parquet

ENTRY = {
    "controle": "essai",
    "severite": "critique",
    "type": "ExpectColumnValuesToBeBetween",
    "parametres": {"column": "valeur", "max_value": {"catalogue": "bornes.max"}},
    "requete": "SELECT 3 AS valeur",
    "attendu": "au plus $max",
    "que_faire": "Regarder.",
}
SCOPE = Scope(catalogue={"bornes": {"max": 5}}, texts={"max": "5"}, lists={}, facts=frozenset())


def suite_of(folder, *entries):
    path = folder / "essai.yml"
    path.write_text(json.dumps({"controles": entries}), encoding="utf-8")
    return path


def judged(folder, monkeypatch, **changes):
    monkeypatch.setattr(engine, "_keep", lambda *args: None)
    checks = expand(load_suite(suite_of(folder, ENTRY | changes)), SCOPE)
    with duckdb.connect() as connection:
        return engine.run_checks(checks, connection, "essai", "essai", "essai.csv")


def test_a_missing_severity_is_refused_with_file_and_entry(tmp_path):
    entry = {k: v for k, v in ENTRY.items() if k != "severite"}
    with pytest.raises(ConfigurationError, match=r"essai\.yml, entrée 2 « essai ».*severite"):
        load_suite(suite_of(tmp_path, ENTRY | {"controle": "autre"}, entry))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"severite": "info"}, "sévérité « info » inconnue"),
        ({"que_faire": ""}, "il manque que_faire"),
        ({"severity": "critical"}, "clé inconnue : severity"),
    ],
)
def test_a_wrong_entry_is_refused(changes, message, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        load_suite(suite_of(tmp_path, ENTRY | changes))


def test_the_same_check_written_twice_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="deux fois : essai"):
        load_suite(suite_of(tmp_path, ENTRY, ENTRY))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parametres": {"column": "v", "max_value": {"catalogue": "bornes.maxi"}}}, "bornes.maxi"),
        ({"parametres": {"column": "v", "value_set": {"referentiel": "canton"}}}, "canton"),
        ({"pour_chaque": "cantons"}, "liste inconnue « cantons »"),
        ({"attendu": "au plus $maxi"}, "maxi"),
    ],
)
def test_a_reference_to_nothing_is_refused(changes, message, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        expand(load_suite(suite_of(tmp_path, ENTRY | changes)), SCOPE)


@pytest.mark.parametrize(
    "changes", [{"type": "ExpectMiracles"}, {"parametres": {"column": "valeur", "maxi": 5}}]
)
def test_an_expectation_that_does_not_exist_is_refused(changes, tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match="essai"):
        judged(tmp_path, monkeypatch, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"requete": "SELECT * FROM table_absente"},
        {"requete": "SELECT 'texte' AS valeur"},
        {"parametres": {"column": "colonne_absente", "max_value": 5}},
    ],
)
def test_a_check_that_crashes_counts_as_critical(changes, tmp_path, monkeypatch):
    (result,) = judged(tmp_path, monkeypatch, severite="avertissement", **changes)
    assert (result.resultat, result.severite) == ("echoue", "critique")
    assert "n'a pas pu être fait" in result.observe
    assert first_critical([result]) is result


def test_a_warning_is_never_the_first_critical(tmp_path, monkeypatch):
    (result,) = judged(tmp_path, monkeypatch, severite="avertissement", requete="SELECT 9 AS valeur")
    assert (result.resultat, result.severite) == ("echoue", "avertissement")
    assert first_critical([result]) is None


def test_every_suite_of_the_project_expands_for_every_source(indicators):
    for source in load_sources().values():
        columns = {column.name for column in source.columns}
        scope = landing._scope(source, columns, {"precedent", "edition_precedente"}, "2024")
        for path in landing.suite_paths(source):
            if path.exists():
                assert expand(load_suite(path), scope)
    for path in publication.suite_paths():
        assert expand(load_suite(path), publication._scope(indicators, {"precedent"}))


def test_the_borders_are_known_and_each_of_their_checks_is_marked():
    """Whatever file is put there is read: an entry without severity is refused here, not by a night."""
    paths = sorted(suites.EXPECTATIONS.rglob("*.yml"))
    assert {path.parent.name for path in paths} == {"landing", "publication", "secret", "registre"}
    assert all(load_suite(path) for path in paths)


def test_every_landing_suite_belongs_to_a_source():
    names = {path.stem for path in (suites.EXPECTATIONS / "landing").glob("*.yml")}
    assert names <= {"commun", *load_sources()}


def test_the_pages_gather_the_suites_of_a_run_in_french(tmp_path):
    parquet = write_parquet(ald_infra(), tmp_path / "table.parquet")
    for source_id in ("ameli.patients_longueduree_infra_annuelle", "ameli.demographie_effectifs_densites"):
        check_landing(get_source(source_id), parquet, "essai.csv", None, "20261122T013000Z")
    engine.write_docs("20261122T013000Z")
    folder = engine.docs_folder("20261122T013000Z")
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert "patients_longueduree_infra_annuelle" in index
    assert "essai.csv, entête : attendu toutes les colonnes requises" in index
    assert "http" not in index
    links = re.findall(r'href="([^"]+)"', index)
    pages = [(folder / link).read_text(encoding="utf-8") for link in links]
    # Of each suite, our page and that of Great Expectations, whose stores have served.
    assert len(pages) == 4
    assert all("au moins 120 lignes" in page for page in pages)
    assert not (folder / engine.STORES).exists()


ENGLISH = re.compile(r"(?<!Great )Expectations?\b|Status|Overview|Observed|nexpected|Data asset|Show|\d%")


def test_data_docs_load_nothing_run_nothing_and_speak_french(tmp_path):
    rows = ald_infra()
    rows[0] |= {"departement": "<script>alerte</script>", "taux_patients_ald_sans_mt": "quatre"}
    parquet = write_parquet(rows, tmp_path / "table.parquet")
    for source_id in ("ameli.patients_longueduree_infra_annuelle", "ameli.demographie_effectifs_densites"):
        check_landing(get_source(source_id), parquet, "essai.csv", None, "20261122T013000Z")
    engine.write_docs("20261122T013000Z")
    folder = engine.docs_folder("20261122T013000Z")
    pages = list((folder / "data_docs").rglob("*.html"))
    assert len(pages) == 5
    for page in pages:
        html = page.read_text(encoding="utf-8")
        assert "http:" not in html and "https:" not in html
        assert """content="default-src 'none'; style-src 'unsafe-inline'">""" in html
        shown = " ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())
        assert not ENGLISH.search(shown), shown
        assert "DONNÉES D'ESSAI — chiffres fictifs" in shown
        links = [link for link in re.findall(r'href="([^"#]+)"', html) if link]
        assert links and all((page.parent / link).is_file() for link in links)


def test_before_the_data_docs_are_made_nothing_links_to_them(tmp_path):
    result = CheckResult("essai", "essai", "c", "critique", "trois", "trois", "reussi")
    later = tmp_path / "data_docs" / "essai.html"
    index = add_suite(tmp_path, "landing/essai", [result], later)
    assert "Data Docs" not in index.read_text(encoding="utf-8")
    [page] = re.findall(r'href="([^"]+)"', index.read_text(encoding="utf-8"))
    assert "<td>trois<td>trois" in (tmp_path / page).read_text(encoding="utf-8")


def test_the_page_escapes_what_a_file_holds(tmp_path):
    result = CheckResult("essai", "essai", "c", "critique", "", "", "echoue", [], "<script>alerte</script>")
    page = add_suite(tmp_path, "landing/essai", [result], None).read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.extraits
def test_the_real_demography_passes_the_landing_border(tmp_path, extraits):
    """The 2024 extract of the Assurance Maladie holds one age and one sex: its perimeter is declared."""
    source = get_source("ameli.demographie_effectifs_densites")
    names = ", ".join(f'"{column.name}"' for column in source.columns)
    parquet = tmp_path / "table.parquet"
    duckdb.sql(
        f"COPY (SELECT {names}, row_number() OVER () + 1 AS _ligne, NULL::VARCHAR AS _feuille FROM read_csv("
        f"'{extraits}/ameli/demographie-effectifs-et-les-densites/2024.csv', all_varchar = true))"
        f" TO '{parquet}' (FORMAT parquet)"
    )
    results = check_landing(
        source, parquet, "2024.csv", None, "essai", perimetre="classe_age=tout_age; libelle_sexe=tout sexe"
    )
    assert [r.phrase for r in results if not r.passed] == []
    assert {"somme_departements_france", "codes_connus__departement"} <= {r.controle for r in results}


def test_a_sentence_writes_a_large_bound_in_french():
    """« entre 0 et 1e+08 » was read by operators, and by whoever opens ``qualite``."""
    path = suites.EXPECTATIONS / "publication" / "indicateurs_trimestriels.yml"
    checks = expand(load_suite(path), publication._scope(load_indicators(), set()))
    (told,) = (c.expected for c in checks if c.name == "valeurs_bornees__nb_teleconsultations")
    assert told == "une valeur entre 0 et 100\u202f000\u202f000 (téléconsultations)"
