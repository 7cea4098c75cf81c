"""From any published figure back to its file: hash, lines and cells."""

import pyarrow.parquet as pq
import pytest

from acces_soins import explanation, landing
from acces_soins.catalog import get_source, load_indicators
from acces_soins.errors import ConfigurationError


def chain(*arguments, **options):
    return dict(explanation.explain(*arguments, **options))


@pytest.fixture
def rate(after_first_night, ask):
    """A rate of 2A that was published for its own quarter: value, quarter, hash."""
    return ask(
        "select valeur, trimestre, sha256 from marts.indicateurs_trimestriels "
        "where code_indicateur = 'taux_ald_sans_mt' and code_territoire = '2A' and statut = 'observe' "
        "order by trimestre desc limit 1"
    )[0]


def test_a_figure_read_from_a_file_leads_to_its_cell(rate):
    value, quarter, sha256 = rate
    found = chain("taux_ald_sans_mt", "2A", quarter)
    assert found["Empreinte"] == f"sha256 {sha256}"
    source = get_source(found["Source"].split(",")[0])
    manifest = next(m for m in landing.manifests(source) if m.sha256 == sha256)
    assert manifest.fichier in found["Fichier"]
    line = int(found["Lignes"].split(",")[0].removeprefix("ligne "))
    row = next(r for r in pq.read_table(manifest.table).to_pylist() if r["_ligne"] == line)
    assert row["departement"] == "2A"
    assert float(row["taux_patients_ald_sans_mt_integer"]) == value
    assert f"ligne {line}, colonne taux_patients_ald_sans_mt_integer = " in found["Lignes"]


def test_a_figure_without_a_value_says_why(after_first_night):
    found = chain("delai_moyen_acces_specialistes", "974", "2026T3")
    assert found["Valeur"].startswith("aucune")
    assert "aucune source ouverte" in found["Statut"]
    assert "Lignes" not in found


def test_every_indicator_with_a_figure_has_its_chain(after_first_night, ask):
    figures = ask(
        "select code_indicateur, niveau, code_territoire, max(trimestre) from marts.indicateurs_trimestriels "
        "where valeur is not null and code_territoire in ('2B', '11', 'FR') group by all order by all"
    )
    assert {code for code, *_ in figures} <= set(load_indicators())
    assert len({code for code, *_ in figures}) > 5
    for code, level, territory, quarter in figures:
        found = chain(code, territory, quarter, level=level)
        assert {"Valeur", "Statut", "Formule", "Source", "Empreinte", "Lignes", "Publication"} <= set(
            found
        ), code


def test_a_code_that_serves_twice_is_the_departement_and_names_the_region(after_first_night):
    found = chain("nb_msp", "01", "2026T3")
    assert "Ain" in found["Territoire"]
    assert found["Homonyme"] == "Guadeloupe (region) a le même code : --level region"
    assert "Homonyme" not in chain("nb_msp", "01", "2026T3", level="departement")
    assert "Guadeloupe" in chain("nb_msp", "01", "2026T3", level="region")["Territoire"]
    with pytest.raises(ConfigurationError, match="niveau « commune » : attendu departement, region, france"):
        explanation.explain("nb_msp", "01", "2026T3", level="commune")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("nb_chats", "01", "2026T3"), "indicateur inconnu"),
        (("nb_msp", "99", "2026T3"), "hors de la série publiée"),
        (("nb_msp", "2A", "2026-09-30"), "attendu un code Insee"),
        (("nb_msp", "2A' or true", "2026T3"), "attendu un code Insee"),
    ],
)
def test_a_wrong_question_is_one_sentence(after_first_night, asked, said):
    with pytest.raises(ConfigurationError, match=said):
        explanation.explain(*asked)


def _pairs(indicator, territory, quarter, **options):
    """Every link, those with the same label included."""
    return explanation.explain(indicator, territory, quarter, **options)


def _last(ask, indicator, condition):
    """The last quarter of a figure of that indicator that meets the condition, and its territory."""
    return ask(
        "select code_territoire, trimestre, numerateur, denominateur from marts.indicateurs_trimestriels "
        f"where code_indicateur = '{indicator}' and {condition} "
        "order by trimestre desc, code_territoire limit 1"
    )[0]


def test_an_estimate_leads_to_the_cells_of_both_its_files(after_first_night, ask):
    place, quarter, _, patients = _last(
        ask, "nb_ald_sans_mt_estime", "niveau = 'departement' and statut = 'estime'"
    )
    lines = [text for label, text in _pairs("nb_ald_sans_mt_estime", place, quarter) if label == "Lignes"]
    assert len(lines) == 2
    assert f"departement = {place}" in lines[0] and "taux_patients_ald_sans_mt = " in lines[0]
    assert lines[1].endswith(f"colonne ntop = {patients:.0f}")


def test_a_masked_figure_leads_to_the_sign_that_masks_it(after_first_night, ask):
    place, quarter, *_ = _last(ask, "taux_ald_sans_mt", "niveau = 'departement' and statut = 'masque'")
    assert chain("taux_ald_sans_mt", place, quarter)["Lignes"].endswith("taux_patients_ald_sans_mt = NC")


def test_a_region_without_rows_of_its_own_leads_to_those_of_its_departements(after_first_night):
    region = chain("nb_msp", "94", "2026T3", level="region")["Lignes"]
    parts = [chain("nb_msp", code, "2026T3")["Lignes"] for code in ("2A", "2B")]
    assert int(region.split()[0]) == sum(int(part.split()[0]) for part in parts)


def test_of_a_workbook_only_the_sheet_of_the_figure_s_year_speaks(after_first_night, ask):
    _, quarter, *_ = _last(ask, "apl_mg", "niveau = 'departement' and statut = 'observe'")
    assert chain("apl_mg", "971", quarter)["Lignes"].endswith(
        f"feuille « APL {quarter[:4]} », comptées ou sommées selon la formule"
    )


def test_a_status_is_told_in_words(after_first_night):
    assert "n'a pas de sens pour ce territoire" in chain("apl_mg", "976", "2024T4")["Statut"]
