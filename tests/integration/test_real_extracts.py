"""The same night on real extracts gives the published figures."""

import csv
import json

import duckdb
import pytest

from acces_soins import deposits, landing, versioning, warehouse
from acces_soins.catalog import get_source
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
        ("proxy_densite_specialistes", "01", 34.7),
        ("proxy_densite_specialistes", "75", 267.5),
        ("proxy_densite_specialistes", "976", 2.4),
    ],
)
def test_published_figures_are_kept_as_read(real, ask, code, territory, value):
    answer = ask(
        f"select valeur, statut from marts.indicateurs_trimestriels where code_indicateur = '{code}' "
        f"and niveau = 'departement' and code_territoire = '{territory}' and trimestre = '2024T4'"
    )
    assert answer == [(value, "observe")]


def test_every_published_figure_that_the_extracts_answer_is_met(real, ask):
    counted = dict(ask("select resultat, count(*) from marts.chiffres_publies group by 1"))
    gaps = ask("select * from marts.chiffres_publies where resultat = 'ecart'")
    assert gaps == [] and "non_compare" not in counted
    assert counted["conforme"] >= 28
    regions = (
        "select count(*) from marts.chiffres_publies where code_indicateur = 'population' and ecart <> 0"
    )
    assert ask(f"{regions} and resultat = 'conforme'") == [(18,)]


def test_recomputed_densities_agree_and_the_gap_is_shown(real, ask):
    rows = ask(
        "select niveau, count(*), max(abs(ecart_pct)), max(abs(ecart)), bool_and(conforme) "
        "from marts.rapprochements where rapprochement = 'densite_recalculee' "
        "and code_indicateur = 'densite_mg_liberaux' group by niveau order by niveau"
    )
    (dep, n_dep, gap_pct, _, dep_ok), (_, _, _, france_gap, france_ok), _ = rows
    assert (dep, n_dep, dep_ok, france_ok) == ("departement", 101, True, True)
    assert gap_pct <= 3 and france_gap <= 0.5


@pytest.mark.parametrize(
    ("code", "quarter", "value", "decimals"),
    [
        ("apl_mg", "2021T4", 3.81, 2),
        ("apl_mg_65", "2021T4", 3.37, 2),
        ("apl_mg_62", "2021T4", 3.00, 2),
        ("apl_sages_femmes", "2021T4", 19.7, 1),
        ("pop_apl_inf_2_5", "2021T4", 9_372_142, 0),
        ("part_pop_apl_inf_2_5", "2021T4", 14.0, 1),
        # Beyond thirty minutes by road, 5.87 %; joined by no road, 0.11 %.
        ("part_pop_urgences_plus_30min", "2019T4", 5.98, 2),
    ],
)
def test_the_accessibility_of_france(real, ask, code, quarter, value, decimals):
    answer = ask(
        f"select round(valeur, {decimals}), statut from marts.indicateurs_trimestriels "
        f"where code_indicateur = '{code}' and niveau = 'france' and trimestre = '{quarter}'"
    )
    assert answer == [(value, "observe")]


def test_mayotte_has_emergency_times_and_no_apl(real, ask):
    answer = ask(
        "select code_indicateur, statut from marts.indicateurs_trimestriels where niveau = 'departement' "
        "and code_territoire = '976' and trimestre in ('2019T4', '2021T4') "
        "and code_indicateur in ('apl_sages_femmes', 'part_pop_urgences_plus_30min') "
        "and statut in ('observe', 'hors_champ') group by all order by all"
    )
    assert answer == [("apl_sages_femmes", "hors_champ"), ("part_pop_urgences_plus_30min", "observe")]


def test_the_spread_of_the_apl_tells_what_the_mean_hides(real, ask):
    rows = ask(
        "select code_territoire, nb_communes, apl_p10, apl_mediane, apl_p90, libelle_commune_max "
        "from marts.dispersion_apl where code_territoire in ('48', '75') order by 1"
    )
    assert rows == [
        ("48", 152, 1.144, 3.422, 4.384, "Saint-Étienne-Vallée-Française"),
        ("75", 20, 4.101, 4.358, 5.512, rows[1][5]),
    ]
    # The workbook leaves the arrondissements without a name.
    assert rows[1][5].startswith("Paris ")
    gaps = ask(
        "select count(*) from marts.dispersion_apl as d join marts.indicateurs_trimestriels as i "
        "on i.code_indicateur = 'part_pop_apl_inf_2_5' and i.niveau = 'departement' "
        "and i.code_territoire = d.code_territoire and i.date_reference = d.date_reference "
        "and i.statut = 'observe' where abs(d.part_pop_apl_inf_2_5 - i.valeur) > 1e-6"
    )
    assert gaps == [(0,)]


def test_what_waits_for_a_deposit_has_no_figure(real, ask):
    rows = ask(
        "select distinct code_indicateur, statut, valeur from marts.indicateurs_trimestriels "
        "where code_indicateur in ('part_pop_pharmacie_plus_10min', 'part_pop_zip', 'part_pop_zac') "
        "order by 1"
    )
    assert rows == [
        ("part_pop_pharmacie_plus_10min", "non_disponible", None),
        ("part_pop_zac", "non_disponible", None),
        ("part_pop_zip", "non_disponible", None),
    ]


def test_the_apl_is_observed_then_carried_then_expired(real, ask):
    statuses = dict(
        ask(
            "select trimestre, statut from marts.indicateurs_trimestriels where code_indicateur = 'apl_mg' "
            "and niveau = 'departement' and code_territoire = '75'"
        )
    )
    assert statuses["2021T4"] == "observe"
    assert statuses["2022T1"] == statuses["2024T2"] == "reporte"
    assert statuses["2024T3"] == statuses["2026T3"] == "perime"


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


def test_liberal_doctors_of_every_speciality(real, ask):
    query = (
        "select niveau, code_territoire, valeur from marts.indicateurs_trimestriels "
        "where code_indicateur = '{}' and trimestre = '2024T4'"
    )
    counts = {row[:2]: row[2] for row in ask(query.format("effectif_medecins_liberaux"))}
    departments = [value for (level, _), value in counts.items() if level == "departement"]
    assert counts["france", "FR"] == sum(departments) == 112_159
    assert (len(departments), counts["departement", "01"], counts["region", "01"]) == (101, 647, 637)
    densities = {row[:2]: row[2] for row in ask(query.format("densite_medecins_liberaux"))}
    assert densities["france", "FR"] == 163.5
    assert [densities["departement", code] for code in ("01", "2A", "75", "976")] == [
        94.0,
        187.0,
        374.4,
        12.1,
    ]


def test_the_cpts_of_the_one_region_that_was_given(real, ask):
    rows = ask(
        "select niveau, count(valeur), sum(valeur) from marts.indicateurs_trimestriels "
        "where code_indicateur = 'nb_cpts' and trimestre = '2026T1' group by niveau order by niveau"
    )
    assert rows == [("departement", 13, 82), ("france", 0, None), ("region", 1, 82)]


def test_measures_without_a_file_have_a_reason_and_no_zero(real, ask):
    rows = ask(
        "select motif, count(distinct code_indicateur), count(valeur) from marts.indicateurs_trimestriels "
        "where code_indicateur in ('nb_medicobus', 'nb_docteurs_juniors', 'nb_consultations_solidarite', "
        "'taux_couverture_cpts', 'nb_teleconsultations', 'nb_zones_rouges', 'pop_zones_rouges', 'solde_mg') "
        "group by motif order by motif"
    )
    assert rows == [("aucune_source_ouverte", 7, 0), ("edition_non_recue", 1, 0)]


def test_what_was_not_received_says_so(real, ask):
    rows = ask(
        "select distinct code_indicateur, statut, motif from marts.indicateurs_trimestriels "
        "where code_indicateur in ('taux_ald_sans_mt', 'nb_ald_sans_mt_estime', 'patientele_mt_moyenne_mg', "
        "'nb_contrats_assistants_medicaux', 'taux_recours_assistants_medicaux', 'nb_primo_installes_mg', "
        "'nb_installations_zsd', 'taux_optam', 'taux_couverture_sas') order by 1"
    )
    assert len(rows) == 9
    assert {row[1:] for row in rows} == {("non_disponible", "edition_non_recue")}


@pytest.mark.parametrize(("year", "published"), [(2016, 1571), (2020, 1489), (2021, 1577)])
def test_the_mean_list_of_patients_weighted_by_doctors_is_near_that_of_france(real, ask, year, published):
    """The file has no row of France: its départements, weighted by the doctors of 2024, are near it."""
    mean, departments = ask(
        "select sum(listes.valeur * medecins.valeur) / sum(medecins.valeur), count(*) "
        "from marts.indicateurs_trimestriels as listes "
        "inner join marts.indicateurs_trimestriels as medecins using (niveau, code_territoire) "
        "where listes.code_indicateur = 'file_active_moyenne_mg' and listes.statut = 'observe' "
        f"and listes.trimestre = '{year}T4' and medecins.trimestre = '2024T4' "
        "and medecins.code_indicateur = 'effectif_mg_liberaux' and niveau = 'departement'"
    )[0]
    assert departments == 101
    assert mean == pytest.approx(published, rel=0.005)


def test_lists_of_patients_have_no_france_and_their_own_method(real, ask):
    rows = ask(
        "select distinct code_indicateur, niveau, motif, version_methode from marts.indicateurs_trimestriels "
        "where code_indicateur like 'file_active_moyenne_%' and trimestre = '2021T4' order by all"
    )
    levels = [
        ("departement", None, "v1-patientele"),
        ("france", "hors_perimetre", None),
        ("region", "hors_perimetre", None),
    ]
    codes = ("file_active_moyenne_liberaux", "file_active_moyenne_mg")
    assert rows == [(code, *level) for code in codes for level in levels]


def test_the_barometer_is_an_indicator_of_its_own(real, ask):
    rows = ask(
        "select trimestre, niveau, code_territoire, valeur from marts.indicateurs_trimestriels "
        "where code_indicateur = 'taux_ald_avec_mt_barometre' and statut = 'observe' "
        "and (niveau = 'france' or code_territoire in ('01', '976')) order by all"
    )
    assert rows == [
        ("2022T3", "departement", "01", 94.44),
        ("2022T3", "departement", "976", 40.68),
        ("2022T3", "france", "FR", 94.9),
        ("2022T3", "region", "01", 91.85),
        ("2023T2", "departement", "01", 95.55),
        ("2023T2", "departement", "976", 46.32),
        ("2023T2", "france", "FR", 94.93),
        ("2023T2", "region", "01", 92.83),
        ("2023T4", "france", "FR", 95.82),
    ]


def test_no_total_is_a_territory_and_real_data_are_not_called_trial(real, ask):
    assert ask("select * from marts.indicateurs_trimestriels where code_territoire in ('99', '999')") == []
    assert ask("select distinct donnees from marts.tableau_de_bord") == [("Données réelles",)]


def test_the_report_says_how_many_territories_of_which_date_and_why_not(real):
    text = (real.reports / "derniere_nuit.txt").read_text()
    assert "101 départements" in text and "88 hors_perimetre" in text and "101 edition_non_recue" in text
    assert "2021T4 observé · 2022T1–2024T2 reporté · 2024T3–2026T3 périmé (trop_ancien)" in text


# What lands beside the indicators' sources: figures that the real rows prove.


@pytest.fixture
def landed(real):
    """Ask the landed tables, one view a source, as the build sees them."""
    with duckdb.connect() as connection:
        warehouse.create_sources(connection)
        yield lambda query: connection.execute(query).fetchall()


def test_every_file_of_the_index_is_landed_but_the_defective_one(real, extraits):
    missing = {
        given.source
        for given in deposits.read_index(extraits)
        if not landing.find(get_source(given.source), landing.sha256_of(given.file))
    }
    assert missing == {"finess.materiels_lourds"}


# Lines above the data that are not a header of one line.
LINES_ABOVE = {"ars.zonage_infirmiers": 3}


def _lines_of_data(given: deposits.Deposit) -> int:
    """Counted by the standard library, which knows nothing of our readers."""
    with given.file.open(encoding="utf-8-sig", newline="") as stream:
        separator = ";" if ";" in stream.readline() else ","
        stream.seek(0)
        rows = sum(any(row) for row in csv.reader(stream, delimiter=separator))
    return rows - LINES_ABOVE.get(given.source, 1)


def test_the_counts_of_the_catalogue_are_those_of_the_files(real, extraits, ask):
    texts = [
        given
        for given in deposits.read_index(extraits)
        if given.file.suffix in (".csv", ".txt") and given.source != "finess.materiels_lourds"
    ]
    expected = {(given.source, landing.sha256_of(given.file)): _lines_of_data(given) for given in texts}
    told = {
        (source, digest): rows
        for source, digest, rows in ask("select source, sha256, nb_lignes from marts.editions")
    }
    assert len(expected) > 20
    assert {key: told.get(key) for key in expected} == expected
    latest = dict(ask("select source, nb_lignes from marts.catalogue_sources where nb_lignes is not null"))
    assert latest["ameli.demographie_effectifs_densites"] == 4_560
    assert latest["insee.cog_regions"] == 18


def test_reference_populations_and_mayotte(landed):
    query = "select count(*), count(distinct dep), sum(pmun::int), sum(ptot::int) from insee.{}"
    assert landed(query.format("populations_reference")) == [(34_900, 100, 68_094_280, 69_294_105)]
    assert landed(query.format("populations_reference_mayotte")) == [(17, 1, 256_518, 262_895)]


def test_five_year_estimates_have_the_same_total_as_their_bands(landed):
    bands = "+".join(f"{sex}_{age}_{age + 4}::int" for sex in ("hommes", "femmes") for age in range(0, 95, 5))
    gap = f"ensemble_total::int - ({bands} + hommes_95_plus::int + femmes_95_plus::int)"
    view = "insee.estimation_population_aq"
    query = f"select _feuille, count(*), max(abs({gap})) from {view} group by 1 order by 1"
    assert landed(query) == [(str(year), 104, 0) for year in range(2014, 2022)]


def test_communes_of_the_intercommunalities(landed):
    assert landed(
        "select count(*), count(distinct siren), count(distinct dep_com), sum(population_municipale::int) "
        "from insee.epci_composition"
    ) == [(34_871, 1_255, 101, 68_010_643)]


def test_movements_that_create_have_no_commune_before(landed):
    query = "select count(*), count(com_av), count(com_ap) from insee.cog_mouvements"
    assert landed(query) == [(13_734, 13_607, 13_732)]


def test_masks_of_the_lists_of_patients(landed):
    masked = "count(*) filter (nombre_patients_uniques = 'NS')"
    query = f"select count(*), {masked}, count(region) from ameli.patientele"
    assert landed(query) == [(22_624, 3_328, 0)]


def test_masks_of_the_pathologies_are_empty(landed):
    query = "select count(*), count(ntop), count(*) filter (region = 'F') from ameli.pathologies_effectifs"
    assert landed(query) == [(866, 666, 5)]


def test_the_barometer_keeps_each_revision(landed):
    assert landed(
        "select _edition, metric_enforce_date, indic_va from ditp.barometre_ind_312 "
        "where enforce_zone_id = 'FRANCE' and indic_va is not null "
        "and metric_enforce_date like '2022-09%' order by 1"
    ) == [
        ("2024-02-07", "2022-09-30", "94.9"),
        ("2024-03-11", "2022-09-30", "94.9"),
        ("2024-03-29", "2022-09-01", "94.9"),
        ("2024-04-26", "2022-09-01", "94.9"),
        ("2024-06-25", "2022-09-01", "94.9"),
        ("2024-10", "2022-09-01", "94.9"),
    ]


def test_midwives_and_emergencies_leave_empty_what_is_not_known(landed):
    assert landed("select count(*), count(apl) from drees.apl_sages_femmes") == [(34_997, 34_974)]
    assert landed(
        "select count(*), count(distinct departement), count(*) filter (departement = '9F'), "
        "count(tps_su_smur) from drees.diagnostic_acces_urgences"
    ) == [(35_010, 101, 17, 34_987)]


def test_care_activities_and_nurses_zoning(landed):
    assert landed("select count(*), count(distinct nofinesset) from finess.activites_soins") == [
        (10_291, 3_494)
    ]
    assert landed("select count(*), count(*) filter (zonage like 'N/A%') from ars.zonage_infirmiers") == [
        (34_919, 2)
    ]


def test_successive_revisions_of_one_file_all_land_and_are_told(real):
    text = (real.reports / "derniere_nuit.txt").read_text()
    assert "6 éditions, dont édition 2024-06-25" in text


# Geography through time, and corrections: tables that are not published, on the real rows.


PASSAGE = "intermediaire.int_geographie__passage"


@pytest.fixture(scope="session")
def built(real_night_directory, tmp_path_factory):
    """The private build that the landed files give."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCES_SOINS_DONNEES", str(real_night_directory / "donnees"))
        patch.setenv("ACCES_SOINS_SOURCES", "direct")
        patch.setenv("ACCES_SOINS_DATE", "2026-11-22")
        get_settings.cache_clear()
        database = warehouse.build(tmp_path_factory.mktemp("construction"), versioning.current_inputs())
    get_settings.cache_clear()
    return database


@pytest.fixture
def ask_private(built):
    with duckdb.connect(str(built), read_only=True) as connection:
        yield lambda query: connection.execute(query).fetchall()


def test_every_code_of_every_movement_leads_to_a_commune_of_today(ask_private, extraits):
    path = extraits / "insee" / "cog" / "2026" / "v_mvt_commune_2026.csv"
    codes = f"(select unnest([com_av, com_ap]) as code from read_csv('{path}', all_varchar = true))"
    lost = ask_private(
        f"select distinct code from {codes} where code is not null and code not in "
        f"(select code_commune from {PASSAGE} where code_commune_actuelle is not null)"
    )
    # Saint-Barthélemy and Saint-Martin, collectivities since 2007.
    assert sorted(lost) == [("97123",), ("97127",)]


@pytest.mark.parametrize(
    ("code", "day", "today"),
    [
        ("27058", "2021-12-31", [("27676", "changement_de_code", 1.0)]),
        ("14513", "2017-12-31", [("50592", "fusion", 1.0)]),  # to another département
        ("49144", "2017-12-31", [("44180", "fusion", 1.0)]),
        ("20004", "1970-01-01", [("2A004", "changement_de_code", 1.0)]),
        ("75101", "2021-12-31", [("75056", "arrondissement", 1.0)]),
        ("76108", "2013-01-01", [("76095", "scission", 0.364), ("76108", "scission", 0.636)]),
        ("76108", "2010-01-01", [("76108", "inchangee", 1.0)]),  # before it took the other in
        ("76108", "2014-01-01", [("76108", "inchangee", 1.0)]),  # and since it gave it back
        ("97608", "2024-12-31", [("97608", "inchangee", 1.0)]),
    ],
)
def test_known_codes_lead_where_they_should(ask_private, code, day, today):
    states = f"(select * from {PASSAGE} where code_commune = '{code}' and valable_du <= '{day}')"
    query = (
        f"select code_commune_actuelle, nature, round(poids, 3) from {states} "
        f"where valable_du = (select max(valable_du) from {states}) order by 1"
    )
    assert ask_private(query) == today


def test_every_code_of_the_apl_has_its_commune_of_today(ask_private):
    moved = "count(*) filter (code_commune_actuelle <> code_commune)"
    query = (
        f"select profession, motif_sans_commune, count(*), {moved} from intermediaire.int_apl__communes "
        "group by 1, 2 order by 1"
    )
    assert ask_private(query) == [
        ("medecins_generalistes", None, 34_974, 137),
        ("sages_femmes", None, 34_974, 137),
    ]


def test_known_errors_are_still_there_and_corrected(ask_private):
    assert ask_private("select distinct etat from intermediaire.int_corrections__etat") == [("appliquee",)]
    names = ask_private(
        "select libelle_commune from staging.stg_drees__diagnostic_acces_urgences "
        "where code_commune in ('14621', '21433') order by code_commune"
    )
    assert [name[-12:] for (name,) in names] == ["Cressonnière", "ur-Vingeanne"]


def test_real_totals_agree_with_their_parts_and_the_barometer_changed_only_its_roundings(built, ask_private):
    ours = ("totaux_", "libelle_connu", "secteurs_connus", "source_jumeau_concordant")
    assert [name for name in warehouse.warnings(built.parent) if name.startswith(ours)] == []
    (points, revised, gap) = ask_private(
        "select count(*), count(*) filter (nb_revisions > 0), max(abs(ecart)) "
        "from intermediaire.int_barometre__revisions where code_indicateur_barometre = 'IND-312'"
    )[0]
    assert (points, revised) == (242, 119)
    assert gap < 0.005
