"""The same night on real extracts gives the published figures."""

import json

import pytest

from acces_soins.settings import get_settings
from nights import built_once, run_night

pytestmark = pytest.mark.extraits


@pytest.fixture(scope="session")
def real_night_directory(tmp_path_factory, worker_id, extraits):
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "nuit-reelle"
    with built_once(folder) as to_make, pytest.MonkeyPatch.context() as patch:
        if to_make:
            patch.setenv("ACCES_SOINS_DONNEES", str(folder / "donnees"))
            patch.setenv("ACCES_SOINS_SOURCES", "direct")
            patch.setenv("ACCES_SOINS_EXTRAITS", str(extraits))
            patch.setenv("ACCES_SOINS_DATE", "2026-11-22")
            get_settings.cache_clear()
            night = run_night()
            assert night.state == "publie", night
            (folder / "refus.json").write_text(json.dumps({k: str(v) for k, v in night.errors.items()}))
            (folder / "fait").touch()
    get_settings.cache_clear()
    return folder


@pytest.fixture
def real(real_night_directory, use_settings):
    return use_settings(donnees=real_night_directory / "donnees", sources="direct", date="2026-11-22")


def test_the_defective_file_is_refused_and_alone(real, real_night_directory):
    refusals = json.loads((real_night_directory / "refus.json").read_text())
    assert list(refusals) == ["finess.materiels_lourds"]
    assert "finess_materiels_lourds.txt, ligne 2, colonne nofinessej" in refusals["finess.materiels_lourds"]


def test_france_2024_and_its_departements(real, ask):
    france, parts = ask(
        "select any_value(valeur) filter (niveau = 'france'), sum(valeur) filter (niveau = 'departement') "
        "from marts.indicateurs_trimestriels "
        "where code_indicateur = 'effectif_mg_liberaux' and trimestre = '2024T4'"
    )[0]
    assert france == parts == 51_775


def test_the_18_regions_equal_their_departements(real, ask):
    rows = ask(
        "select count(*), bool_and(conforme) from marts.rapprochements where niveau = 'region' "
        "and rapprochement = 'somme_des_departements' and code_indicateur = 'effectif_mg_liberaux'"
    )
    assert rows == [(18, True)]


@pytest.mark.parametrize(
    ("code", "territory", "value"),
    [
        ("effectif_mg_liberaux", "01", 368),
        ("effectif_mg_liberaux", "75", 1788),
        ("effectif_mg_liberaux", "976", 29),
        ("densite_mg_liberaux", "01", 53.4),
        ("densite_mg_liberaux", "93", 44.1),
        ("densite_mg_liberaux", "05", 125.3),
        ("densite_mg_liberaux", "976", 8.8),
    ],
)
def test_published_figures_are_kept_as_read(real, ask, code, territory, value):
    answer = ask(
        f"select valeur, statut from marts.indicateurs_trimestriels where code_indicateur = '{code}' "
        f"and niveau = 'departement' and code_territoire = '{territory}' and trimestre = '2024T4'"
    )
    assert answer == [(value, "observe")]


def test_recomputed_densities_agree_and_the_gap_is_shown(real, ask):
    rows = ask(
        "select niveau, count(*), max(abs(ecart_pct)), max(abs(ecart)), bool_and(conforme) "
        "from marts.rapprochements where rapprochement = 'densite_recalculee' group by niveau order by niveau"
    )
    (dep, n_dep, gap_pct, _, dep_ok), (_, _, _, france_gap, france_ok), _ = rows
    assert (dep, n_dep, dep_ok, france_ok) == ("departement", 101, True, True)
    assert gap_pct <= 3 and france_gap <= 0.5


def test_the_apl_of_france_in_2021(real, ask):
    value = ask(
        "select valeur from marts.indicateurs_trimestriels where code_indicateur = 'apl_mg' "
        "and niveau = 'france' and trimestre = '2021T4'"
    )[0][0]
    assert round(value, 2) == 3.81


def test_the_apl_is_observed_then_carried_then_expired(real, ask):
    statuses = dict(
        ask(
            "select trimestre, statut from marts.indicateurs_trimestriels where code_indicateur = 'apl_mg' "
            "and niveau = 'departement' and code_territoire = '75'"
        )
    )
    assert statuses["2021T4"] == "observe"
    assert statuses["2022T1"] == statuses["2024T1"] == "reporte"
    assert statuses["2024T2"] == statuses["2026T3"] == "perime"


def test_a_partial_file_is_out_of_perimeter_elsewhere_never_zero(real, ask):
    rows = ask(
        "select niveau, statut, motif, count(*), count(valeur) from marts.indicateurs_trimestriels "
        "where code_indicateur in ('nb_msp', 'nb_centres_sante') and trimestre = '2026T1' "
        "group by all order by all"
    )
    assert rows == [
        ("departement", "non_disponible", "hors_perimetre", 176, 0),
        ("departement", "observe", None, 26, 26),
        ("france", "non_disponible", "hors_perimetre", 2, 0),
        ("region", "non_disponible", "hors_perimetre", 34, 0),
        ("region", "observe", None, 2, 2),
    ]
    covered = ask(
        "select distinct code_territoire from marts.indicateurs_trimestriels "
        "where code_indicateur = 'nb_msp' and niveau = 'region' and valeur is not null"
    )
    assert covered == [("76",)]


def test_what_was_not_received_says_so(real, ask):
    rows = ask(
        "select distinct code_indicateur, statut, motif from marts.indicateurs_trimestriels "
        "where code_indicateur in ('taux_ald_sans_mt', 'file_active_moyenne_mg') order by 1"
    )
    assert rows == [
        ("file_active_moyenne_mg", "non_disponible", "edition_non_recue"),
        ("taux_ald_sans_mt", "non_disponible", "edition_non_recue"),
    ]


def test_no_total_is_a_territory_and_real_data_are_not_called_trial(real, ask):
    assert ask("select * from marts.indicateurs_trimestriels where code_territoire in ('99', '999')") == []
    assert ask("select distinct donnees from marts.tableau_de_bord") == [("Données réelles",)]


def test_the_report_says_how_many_territories_of_which_date_and_why_not(real):
    text = (real.reports / "derniere_nuit.txt").read_text()
    assert "101 départements" in text and "88 hors_perimetre" in text and "101 edition_non_recue" in text
    assert "2021T4 observé · 2022T1–2024T1 reporté · 2024T2–2026T3 périmé (trop_ancien)" in text
