"""The landing border: clean files pass, and each corruption is caught by the check meant for it.

Each corruption goes by the way of every file: the step, the reception, the checks, then the raw zone or the
quarantine. Only the reader is left out: rows of text stand for what it read.
"""

import json

import pytest

from acces_soins import landing, ledger, readers, reception, steps
from acces_soins.catalog import get_source
from acces_soins.deposits import Deposit
from acces_soins.errors import RefusedInput
from acces_soins.quality import ENTRANCE, check_landing, first_critical
from acces_soins.quality.suites import EXPECTATIONS, load_suite
from acces_soins.settings import get_settings

from .conftest import CLEAN, one_per_kind, write_parquet

pytestmark = pytest.mark.usefixtures("without_docs")

DEMOGRAPHY = "ameli.demographie_effectifs_densites"
ALD = "ameli.patients_longueduree_infra_annuelle"
FILE_ACTIVE = "ameli.file_active_medgen_annuelle"
FILE_ACTIVE_INFRA = "ameli.file_active_medgen_infra_annuelle"
ALD_ANNUAL = "ameli.patients_longueduree_annuelle"
POPULATION = "insee.estimation_population_gca"
APL = "drees.apl_medecins_generalistes"
FINESS = "finess.etablissements"
PATHOLOGIES = "ameli.pathologies_effectifs"


def check(source_id, rows, folder, previous=None, **options):
    parquet = write_parquet(rows, folder / "table.parquet")
    before = write_parquet(previous, folder / "avant.parquet") if previous else None
    return check_landing(get_source(source_id), parquet, "essai.csv", before, "essai", **options)


def failures(results):
    return {r.controle: r for r in results if not r.passed}


@pytest.mark.parametrize("source_id", CLEAN)
def test_a_clean_file_passes_every_check(source_id, tmp_path):
    rows = CLEAN[source_id]()
    results = check(source_id, rows, tmp_path, previous=rows, previous_edition="2024-12-31")
    assert len(results) >= 5
    assert failures(results) == {}
    assert first_critical(results) is None


def setting(position, **values):
    """Corruption: other values in one row."""

    def corrupt(rows):
        rows[position] = rows[position] | values
        return rows

    return corrupt


def setting_all(**values):
    return lambda rows: [row | values for row in rows]


def without(**values):
    """Corruption: the rows that hold these values are gone."""
    return lambda rows: [row for row in rows if not values.items() <= row.items()]


def dropping(column):
    return lambda rows: [{k: v for k, v in row.items() if k != column} for row in rows]


CORRUPTIONS = {
    "colonne absente": (DEMOGRAPHY, dropping("densite"), "colonnes_presentes", "critique"),
    "fichier tronqué": (DEMOGRAPHY, lambda rows: rows[:50], "lignes_minimum", "critique"),
    "moitié des lignes perdues": (APL, lambda rows: rows[:400], "lignes_effondrees", "critique"),
    "un dixième des lignes perdu": (APL, lambda rows: rows[:900], "lignes_en_baisse", "avertissement"),
    "lignes en trop": (
        APL,
        lambda rows: rows + [r | {"code_commune": f"{r['code_commune'][:-1]}X"} for r in rows],
        "lignes_en_forte_hausse",
        "avertissement",
    ),
    "colonne constante qui change": (
        ALD,
        setting_all(taux_patients_ald_sans_mt="4.5"),
        "mediane_deplacee__taux_patients_ald_sans_mt",
        "avertissement",
    ),
    "département compté deux fois": (DEMOGRAPHY, lambda rows: [*rows, rows[0]], "cle_unique", "critique"),
    "région qui n'existe pas": (
        PATHOLOGIES,
        setting(0, region="F"),
        "lignes_coherentes",
        "avertissement",
    ),
    "prévalence en fraction": (
        PATHOLOGIES,
        setting(0, prev="0.1"),
        "lignes_coherentes",
        "avertissement",
    ),
    "valeur hors bornes": (
        ALD,
        setting(4, taux_patients_ald_sans_mt="142"),
        "valeurs_bornees__taux_patients_ald_sans_mt",
        "critique",
    ),
    "effectif démesuré": (
        DEMOGRAPHY,
        setting(4, effectif="5000000"),
        "valeurs_bornees__effectif",
        "critique",
    ),
    "nombre illisible": (
        DEMOGRAPHY,
        setting(4, effectif="beaucoup"),
        "valeurs_bornees__effectif",
        "critique",
    ),
    "département inconnu": (
        DEMOGRAPHY,
        setting(2, departement="20"),
        "codes_connus__departement",
        "critique",
    ),
    "région inconnue": (DEMOGRAPHY, setting(2, region="42"), "codes_connus__region", "critique"),
    "département oublié": (ALD, without(departement="23"), "territoires_complets__departement", "critique"),
    "région oubliée": (ALD, without(region="94"), "territoires_complets__region", "critique"),
    "deux dates": (ALD, setting(3, date="2025-03-31"), "date_unique__date", "critique"),
    "instantané ancien": (
        ALD,
        setting_all(date="2024-03-31"),
        "date_pas_plus_ancienne__date",
        "avertissement",
    ),
    "tout masqué": (
        ALD,
        setting_all(taux_patients_ald_sans_mt="NS"),
        "part_masquee__taux_patients_ald_sans_mt",
        "avertissement",
    ),
    "secret élargi": (
        ALD,
        lambda rows: [r | {"taux_patients_ald_sans_mt": "NS"} for r in rows[:30]] + rows[30:],
        "part_masquee_en_hausse__taux_patients_ald_sans_mt",
        "avertissement",
    ),
    "taux en fraction": (
        ALD,
        setting_all(taux_patients_ald_sans_mt="0.042"),
        "taux_en_pour_cent",
        "critique",
    ),
    "taux en fraction partout": (
        ALD,
        setting_all(taux_patients_ald_sans_mt="0.9"),
        "pour_cent_pas_fraction__taux_patients_ald_sans_mt",
        "critique",
    ),
    "densités pour cent habitants": (
        DEMOGRAPHY,
        lambda rows: [row | {"densite": str(float(row["densite"]) / 1000)} for row in rows],
        "ordre_de_grandeur__densite",
        "critique",
    ),
    "autre définition": (
        DEMOGRAPHY,
        lambda rows: [row | {"densite": str(float(row["densite"]) * 1.5)} for row in rows],
        "mediane_deplacee__densite",
        "avertissement",
    ),
    "somme fausse": (DEMOGRAPHY, setting(7, effectif="101"), "somme_departements_france", "critique"),
    "région fausse": (DEMOGRAPHY, setting(101, effectif="1"), "somme_regions_france", "critique"),
    "profession renommée": (
        FILE_ACTIVE,
        setting(9, profession_sante="Généralistes"),
        "generalistes_complets",
        "critique",
    ),
    "file active en milliers": (
        FILE_ACTIVE,
        setting_all(nombre_patients_uniques="1"),
        "file_active_plausible",
        "critique",
    ),
    "profession renommée en cours d'année": (
        FILE_ACTIVE_INFRA,
        setting(9, profession_sante="Généralistes"),
        "generalistes_complets",
        "critique",
    ),
    "file active de l'année en milliers": (
        FILE_ACTIVE_INFRA,
        setting_all(nombre_patients_uniques="1"),
        "file_active_plausible",
        "critique",
    ),
    "taux annuel en fraction": (
        ALD_ANNUAL,
        setting_all(taux_patients_ald_sans_mt_integer="0.042"),
        "taux_en_pour_cent",
        "critique",
    ),
    "hommes et femmes permutés": (
        POPULATION,
        setting(5, hommes_total="1"),
        "total_hommes_femmes",
        "critique",
    ),
    "classe d'âge décalée": (POPULATION, setting(5, ensemble_0_19="1"), "total_ages", "critique"),
    "commune d'ailleurs": (
        APL,
        setting(0, code_commune="98800"),
        "departements_des_communes_connus",
        "critique",
    ),
    "communes d'un département perdues": (
        APL,
        lambda rows: rows[10:],
        "departements_des_communes_complets",
        "critique",
    ),
    "autre unité d'APL": (APL, setting_all(apl="0.02"), "apl_plausible", "critique"),
    "FINESS décalé": (FINESS, setting(0, departement="99"), "departements_finess_connus", "critique"),
    "FINESS incomplet": (FINESS, without(departement="9D"), "departements_finess_complets", "critique"),
}


@pytest.fixture
def receive(tmp_path, monkeypatch):
    """Receive rows as a file of that source and edition: ``receive(ALD, rows, "2024-12-31")``."""

    def run(source_id, rows, edition):
        file = tmp_path / f"{edition}.csv"
        file.write_text(json.dumps(rows), encoding="utf-8")

        def read(request, table):
            write_parquet(rows, table)
            return readers.ReadResult(rows=len(rows), encoding="utf-8")

        monkeypatch.setattr(readers, "read", read)
        return steps.deposit(Deposit(source_id, file, edition))

    return run


@pytest.mark.parametrize(
    "fault", one_per_kind(CORRUPTIONS, lambda fault: CORRUPTIONS[fault][2].split("__")[0])
)
def test_each_corruption_is_caught_by_its_check_at_the_reception(fault, receive, only):
    source_id, corrupt, name, severity = CORRUPTIONS[fault]
    only(name)
    good, bad = "2024-12-31", "2025-12-31"
    receive(source_id, CLEAN[source_id](), good)
    is_critical = severity == "critique"
    if is_critical:
        with pytest.raises(RefusedInput):
            receive(source_id, corrupt(CLEAN[source_id]()), bad)
    else:
        receive(source_id, corrupt(CLEAN[source_id]()), bad)
    [found] = ledger.read(ledger.ENTRANCE_CHECKS)[-1]["controles"]
    assert (found["controle"], found["severite"], found["resultat"]) == (name, severity, "echoue")
    assert landing.latest(get_source(source_id)).edition == (good if is_critical else bad)
    kept = [json.loads(path.read_text()) for path in get_settings().quarantine.rglob("motif.json")]
    assert [why["phrase"] for why in kept] == ([found["phrase"]] if is_critical else [])


def test_what_was_checked_of_the_last_file_judged_is_published_even_when_it_was_refused(receive, only):
    only("valeurs_bornees__taux_patients_ald_sans_mt")
    receive(ALD, CLEAN[ALD](), "2024-12-31")
    (landed,) = reception.last_checks()
    assert (landed["frontiere"], landed["suite"]) == (ENTRANCE, f"landing/{ALD}")
    assert landed["resultat"] == "reussi" and not landed["reserve"]
    with pytest.raises(RefusedInput):
        receive(ALD, setting(4, taux_patients_ald_sans_mt="142")(CLEAN[ALD]()), "2025-12-31")
    (refused,) = reception.last_checks()
    assert refused["resultat"] == "echoue" and refused["exemples"]


@pytest.mark.parametrize(
    "source_id", ["ministere.solidarite_territoriale", "ans.ps_libre_acces_personne_activite"]
)
def test_of_a_file_that_is_not_public_the_verdicts_alone_are_published(source_id):
    row = {"controle": "cle_unique", "reserve": False, "exemples": [{"departement": "48", "nb": "3"}]}
    ledger.append(ledger.ENTRANCE_CHECKS, {"source": source_id, "controles": [row]})
    assert [told["reserve"] for told in reception.last_checks()] == [True]


def test_the_sentence_names_file_place_expected_found_and_action(tmp_path):
    rows = setting(2, departement="20")(CLEAN[DEMOGRAPHY]())
    result = failures(check(DEMOGRAPHY, rows, tmp_path))["codes_connus__departement"]
    assert result.exemples[0]["_ligne"] == 4
    assert result.exemples[0]["departement"] == "20"
    for part in ("essai.csv", "ligne 4, colonne departement", "un code du référentiel", "departement = 20"):
        assert part in result.phrase
    assert result.phrase.endswith("si le territoire est nouveau.")


def test_the_sentence_of_a_sheet_names_the_sheet(tmp_path):
    rows = setting(5, hommes_total="1")(CLEAN[POPULATION]())
    result = failures(check(POPULATION, rows, tmp_path))["total_hommes_femmes"]
    assert "ligne 7, feuille 2024, colonne ensemble_total" in result.phrase


def test_a_declared_perimeter_exempts_from_completeness_only(tmp_path):
    rows = [
        row | {"departement": "23"} if row["departement"] == "20" else row for row in CLEAN[FINESS]()[:101]
    ]
    part = [row for row in rows if row["departement"] != "9D"]
    assert failures(check(FINESS, part, tmp_path, perimetre="hors La Réunion")) == {}
    shifted = setting(0, departement="99")(part)
    assert "departements_finess_connus" in failures(
        check(FINESS, shifted, tmp_path, perimetre="hors La Réunion")
    )


def test_examples_never_exceed_five(tmp_path):
    results = failures(check(ALD, setting_all(taux_patients_ald_sans_mt="142")(CLEAN[ALD]()), tmp_path))
    assert 1 <= len(results["valeurs_bornees__taux_patients_ald_sans_mt"].exemples) <= 5
    missing = failures(check(ALD, CLEAN[ALD]()[60:], tmp_path))["territoires_complets__departement"]
    assert len(missing.exemples) == 5


def test_every_check_has_a_negative_control():
    """A check of the common suite needs one on any source; one of a source's own suite, on that source."""
    controlled = {(source, name.split("__")[0]) for source, _, name, _ in CORRUPTIONS.values()}
    controlled |= {("commun", name) for _, name in controlled}
    written = {
        (path.stem, entry.name)
        for path in (EXPECTATIONS / "landing").glob("*.yml")
        for entry in load_suite(path)
    }
    assert written - controlled == set()
