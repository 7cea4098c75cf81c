"""Clean inputs of the two borders, small and fictitious (« essai »), to be corrupted one fault at a time."""

import csv

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acces_soins.catalog import Indicator
from acces_soins.quality import engine, landing, publication, suites
from acces_soins.quality.suites import TERRITORIES
from acces_soins.settings import get_settings

CODES = {
    "taux_ald_sans_mt": (0, 30),
    "file_active_moyenne_mg": (500, 4000),
    "effectif_mg_liberaux": (0, 80000),
    "densite_mg_liberaux": (10, 200),
    "apl_mg": (0, 10),
    "part_pop_apl_inf_2_5": (0, 100),
    "nb_msp": (0, 4000),
    "nb_centres_sante": (0, 6000),
    "delai_moyen_acces_specialistes": (0, 365),
    "taux_ald_avec_mt_barometre": (50, 100),
}
SHARES = ("taux_ald_sans_mt", "part_pop_apl_inf_2_5", "taux_ald_avec_mt_barometre")
ADDITIVE = ("effectif_mg_liberaux", "nb_msp", "nb_centres_sante")
MG = "Médecins généralistes (hors médecins à expertise particulière - MEP)"
QUARTERS = ["2015T4", "2016T1", "2016T2", "2016T3"]
COLUMNS = """
    code_indicateur VARCHAR, niveau VARCHAR, code_territoire VARCHAR, libelle_territoire VARCHAR,
    trimestre VARCHAR, valeur DOUBLE, borne_basse DOUBLE, borne_haute DOUBLE, unite VARCHAR,
    numerateur DOUBLE, denominateur DOUBLE, statut VARCHAR, motif VARCHAR, statut_conf VARCHAR,
    date_reference DATE, age_trimestres INTEGER, evolution DOUBLE, evolution_pct DOUBLE,
    date_reference_precedente DATE, source VARCHAR, edition VARCHAR, sha256 VARCHAR,
    date_extraction TIMESTAMP, version_methode VARCHAR
"""


def territories():
    with TERRITORIES.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


DEPARTMENTS = [t for t in territories() if t["niveau"] == "departement"]
REGIONS = [t["code_territoire"] for t in territories() if t["niveau"] == "region"]


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCES_SOINS_DONNEES", str(tmp_path / "donnees"))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def without_docs(monkeypatch):
    """Leave the HTML pages out: they take longer than the checks, and have a test of their own."""
    monkeypatch.setattr(engine, "_keep", lambda *args: None)


@pytest.fixture
def only(monkeypatch):
    """Keep the named check alone: forty corruptions × a hundred checks would take minutes."""

    def keep(name):
        for border in (landing, publication):
            monkeypatch.setattr(
                border, "expand", lambda *args: [c for c in suites.expand(*args) if c.name == name]
            )

    return keep


def one_per_kind(catalogue, kind):
    """The first corruption of each kind for every day, all of them for the long sweep."""
    first = {kind(fault): fault for fault in reversed(catalogue)}
    everyday = [pytest.param(fault, id=fault) for fault in catalogue if fault in first.values()]
    sweep = [pytest.param(fault, id=f"balayage, {fault}", marks=pytest.mark.long) for fault in catalogue]
    return everyday + sweep


@pytest.fixture
def indicators(monkeypatch):
    """A catalogue of essai, in place of the project's own."""
    catalogue = {
        code: Indicator(
            code=code,
            theme="essai",
            description="Indicateur d'essai.",
            meta={
                "unite": "unité d'essai",
                "bornes": list(bounds),
                **({"variation_alerte_points": 2} if code in SHARES else {"variation_alerte_pct": 20}),
                "report_max_trimestres": 5,
                "hors_champ": ["departement/976"] if code == "apl_mg" else [],
                "additif": code in ADDITIVE,
            },
        )
        for code, bounds in CODES.items()
    }
    monkeypatch.setattr(publication, "load_indicators", lambda: catalogue)
    return catalogue


def _with_totals(row, value, region_total, france_total):
    """Rows of the Assurance Maladie's layout: the départements, a total per région, one for France."""
    rows = [
        row | {"region": d["code_region"], "departement": d["code_territoire"]} | value(d["code_territoire"])
        for d in DEPARTMENTS
    ]
    for region in REGIONS:
        members = [d for d in DEPARTMENTS if d["code_region"] == region]
        rows.append(row | {"region": region, "departement": "999"} | region_total(members))
    rows.append(row | {"region": "99", "departement": "999"} | france_total)
    return [r | {"libelle_region": "essai", "libelle_departement": "essai"} for r in rows]


def demography():
    def value(code):
        return {"effectif": "100", "densite": f"{60 + sum(map(ord, code)) % 40}.5"}

    return _with_totals(
        {
            "annee": "2024",
            "profession_sante": MG,
            "classe_age": "tout_age",
            "libelle_classe_age": "Tout âge",
            "libelle_sexe": "tout sexe",
        },
        value,
        lambda members: {"effectif": str(100 * len(members)), "densite": "80.5"},
        {"effectif": str(100 * len(DEPARTMENTS)), "densite": "80.5"},
    )


def ald_infra():
    rate = {"taux_patients_ald_sans_mt": "4.2"}

    def value(code):
        return {"taux_patients_ald_sans_mt": "NC"} if code == "976" else rate

    dates = {"annee": "2025-01-01", "date": "2025-06-30"}
    return _with_totals(dates, value, lambda members: rate, rate)


def file_active():
    shown = {
        "nombre_patients_uniques": "1 577",
        "nombre_patients_uniques_integer": "1577",
        "taux_evolution_annuel": "1,3",
        "taux_evolution_annuel_integer": "1.3",
    }
    row = {"annee": "2023", "profession_sante": MG}
    unknown = {"region": "inconnu", "departement": "inconnu"}
    rows = _with_totals(row, lambda code: shown, lambda members: shown, shown)
    return [*rows, rows[-1] | unknown]


def file_active_infra():
    dates = {"annee": "2025-01-01", "date": "2025-06-30"}
    shown = [{k: v for k, v in row.items() if k != "annee"} | dates for row in file_active()]
    return [row for row in shown if row["region"] != "inconnu"]


def ald_annual():
    rate = {"taux_patients_ald_sans_mt": "4,2", "taux_patients_ald_sans_mt_integer": "4.2"}
    rows = _with_totals({"annee": "2024"}, lambda code: rate, lambda members: rate, rate)
    return [*rows, rows[-1] | {"region": "inconnu", "departement": "inconnu"}]


def population():
    ages = {"ensemble_0_19": 20, "ensemble_20_39": 25, "ensemble_40_59": 25}
    ages |= {"ensemble_60_74": 20, "ensemble_75_plus": 10}
    counts = {name: str(1000 * share) for name, share in ages.items()}
    counts |= {"ensemble_total": "100000", "hommes_total": "48000", "femmes_total": "52000"}
    codes = [d["code_territoire"] for d in DEPARTMENTS] + ["France métropolitaine et DOM"]
    return [{"code": code, "libelle": "essai", "_feuille": "2024"} | counts for code in codes]


def apl():
    communes = [
        d["code_territoire"] + f"{n:0{5 - len(d['code_territoire'])}d}"
        for d in DEPARTMENTS
        if d["code_territoire"] != "976"
        for n in range(1, 11)
    ]
    row = {"libelle_commune": "essai", "apl": "3.8", "apl_65": "3.5", "apl_62": "3.1"}
    row |= {"population_standardisee": "100.5", "population_totale": "100", "_feuille": "APL 2023"}
    return [row | {"code_commune": code} for code in communes]


def finess():
    row = {"nofinessej": "010000001", "rs": "Établissement d'essai", "commune": "001"}
    row |= {"libdepartement": "essai", "categetab": "603", "libcategetab": "essai", "siret": None}
    row |= {"dateouv": "2020-01-01", "dateautor": "2020-01-01"}
    codes = [d["code_finess"] or d["code_territoire"] for d in DEPARTMENTS]
    return [row | {"nofinesset": f"01000{n:04d}", "departement": code} for n, code in enumerate(codes)]


def pathologies():
    row = {"annee": "2024", "patho_niv1": "Pathologie d'essai", "cla_age_5": "tsage"}
    row |= {"sexe": "9", "ntop": "200", "npop": "2000", "prev": "10.0", "tri": "1.0"}
    row |= {"libelle_classe_age": "tous âges", "libelle_sexe": "tous sexes", "niveau_prioritaire": "1"}
    row |= {"patho_niv2": None, "patho_niv3": None}
    places = [{"region": d["code_region"], "dept": d["code_territoire"]} for d in DEPARTMENTS]
    places += [{"region": "84", "dept": "999"}, {"region": "99", "dept": "999"}]
    return [row | place | {"top": top} for place in places for top in ("ALD_CAT_CAT", "DIA_CAT_CAT")]


CLEAN = {
    "ameli.pathologies_effectifs": pathologies,
    "ameli.demographie_effectifs_densites": demography,
    "ameli.patients_longueduree_infra_annuelle": ald_infra,
    "ameli.patients_longueduree_annuelle": ald_annual,
    "ameli.file_active_medgen_annuelle": file_active,
    "ameli.file_active_medgen_infra_annuelle": file_active_infra,
    "insee.estimation_population_gca": population,
    "drees.apl_medecins_generalistes": apl,
    "finess.etablissements": finess,
}


def write_parquet(rows, path):
    """Write rows of text as the reader does: ``_ligne`` counts from the line after the header."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = {c: pa.array([row.get(c) for row in rows], pa.string()) for c in columns}
    table["_ligne"] = pa.array(range(2, len(rows) + 2), pa.int64())
    table.setdefault("_feuille", pa.nulls(len(rows), pa.string()))
    pq.write_table(pa.table(table), path)
    return path


def build_publication(path):
    """A private build of essai: 10 indicators × 120 territories × 4 quarters, every rule respected."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE SCHEMA marts; CREATE TABLE marts.indicateurs_trimestriels ({COLUMNS})")
        connection.execute(
            f"CREATE TABLE t AS SELECT * FROM read_csv('{TERRITORIES}', all_varchar = true);"
            "CREATE TABLE i (code VARCHAR, base DOUBLE); CREATE TABLE q (trimestre VARCHAR, fin DATE)"
        )
        connection.executemany("INSERT INTO i VALUES (?, ?)", [[c, sum(b) / 200] for c, b in CODES.items()])
        ends = ["2015-12-31", "2016-03-31", "2016-06-30", "2016-09-30"]
        connection.executemany("INSERT INTO q VALUES (?, ?)", list(zip(QUARTERS, ends, strict=True)))
        connection.execute(FILL)
        connection.execute(DERIVED)
        connection.execute(OTHERS)
        connection.execute("DROP TABLE t; DROP TABLE i; DROP TABLE q")
    return path


# The first quarter is observed, the others carry it; the last one of nb_msp is observed again.
FILL = """
INSERT INTO marts.indicateurs_trimestriels BY NAME
WITH parts AS (
    SELECT niveau, code_territoire, libelle_territoire,
        CASE niveau WHEN 'departement' THEN 1
             WHEN 'region' THEN (SELECT count(*) FROM t AS d
                                 WHERE d.niveau = 'departement' AND d.code_region = t.code_territoire)
             ELSE 101 END AS nombre
    FROM t
), base AS (
    SELECT i.code AS code_indicateur, p.*, q.*,
        q.trimestre = '2015T4' OR (i.code = 'nb_msp' AND q.trimestre = '2016T3') AS observe,
        CASE WHEN i.code = 'delai_moyen_acces_specialistes' THEN 'non_disponible'
             WHEN i.code = 'apl_mg' AND p.code_territoire = '976' THEN 'hors_champ'
             WHEN i.code = 'taux_ald_sans_mt' AND p.code_territoire = '976' THEN 'masque' END AS vide,
        CASE WHEN i.code IN ('effectif_mg_liberaux', 'nb_msp', 'nb_centres_sante') THEN p.nombre
             ELSE i.base * (90 + 5 * (ascii(right(p.code_territoire, 1)) % 5)) END AS montant
    FROM i, parts AS p, q
)
SELECT code_indicateur, niveau, code_territoire, libelle_territoire, trimestre,
    CASE WHEN vide IS NULL THEN montant END AS valeur,
    'essai' AS unite,
    coalesce(vide, CASE WHEN observe THEN 'observe' ELSE 'reporte' END) AS statut,
    CASE vide WHEN 'non_disponible' THEN 'aucune_source_ouverte' WHEN 'masque' THEN 'NC' END AS motif,
    CASE vide WHEN 'masque' THEN 'masque_par_le_producteur' ELSE 'libre' END AS statut_conf,
    CASE WHEN observe THEN fin ELSE DATE '2015-12-31' END AS date_reference,
    CASE WHEN observe THEN 0 ELSE date_diff('quarter', DATE '2015-12-31', fin) END AS age_trimestres,
    CASE WHEN observe AND trimestre <> '2015T4' THEN 0 END AS evolution,
    CASE WHEN observe AND trimestre <> '2015T4' THEN 0 END AS evolution_pct,
    CASE WHEN observe AND trimestre <> '2015T4' THEN DATE '2015-12-31' END AS date_reference_precedente,
    'essai.source' AS source, '2015' AS edition, repeat('a', 64) AS sha256, '1' AS version_methode
FROM base
"""
# Made of the long table alone: made again when a fault is put there, so that one fault has one cause.
DERIVED = f"""
CREATE OR REPLACE TEMP VIEW places AS SELECT * FROM read_csv('{TERRITORIES}', all_varchar = true);
CREATE OR REPLACE TABLE marts.comparaisons AS
    SELECT code_indicateur, niveau, code_territoire, trimestre,
        CASE WHEN niveau = 'departement' AND valeur IS NOT NULL THEN 1 END AS rang, 101 AS nb_classes
    FROM marts.indicateurs_trimestriels;
CREATE OR REPLACE TABLE marts.tableau_de_bord AS
    SELECT m.*, p.code_iso_3166_2, 'Données d''essai (fictives)' AS donnees
    FROM marts.indicateurs_trimestriels AS m
    JOIN places AS p ON p.niveau = m.niveau AND p.code_territoire = m.code_territoire;
CREATE OR REPLACE TABLE marts.fiche_departement AS
    SELECT code_territoire AS code_departement, code_indicateur, trimestre, valeur, statut,
        coalesce(valeur::VARCHAR, 'Aucune source ouverte') AS valeur_texte, 'essai' AS donnees
    FROM marts.indicateurs_trimestriels WHERE niveau = 'departement'
    QUALIFY row_number() OVER (
        PARTITION BY code_indicateur, code_territoire ORDER BY valeur IS NULL, trimestre DESC) = 1;
CREATE OR REPLACE TABLE marts.dispersion_apl AS
    SELECT code_territoire, date_reference, 1::DOUBLE AS apl_min, 1.5::DOUBLE AS apl_p10,
        3::DOUBLE AS apl_mediane, 4::DOUBLE AS apl_p90, 6::DOUBLE AS apl_max,
        valeur AS part_pop_apl_inf_2_5, sha256
    FROM marts.indicateurs_trimestriels
    WHERE code_indicateur = 'part_pop_apl_inf_2_5' AND niveau = 'departement' AND trimestre = '2015T4';
CREATE OR REPLACE TABLE marts.tableau_chiffres AS
    SELECT code_indicateur, niveau, code_territoire, trimestre, valeur, statut,
        valeur::VARCHAR AS valeur_texte
    FROM marts.indicateurs_trimestriels
    QUALIFY row_number() OVER (
        PARTITION BY code_indicateur, niveau, code_territoire ORDER BY valeur IS NULL, trimestre DESC) = 1;
CREATE OR REPLACE TABLE marts.repartition_apl AS
    SELECT niveau, code_territoire, date_reference, b.borne_basse, b.borne_basse < 2.5 AS est_sous_le_seuil,
        CASE WHEN b.borne_basse < 2.5 THEN valeur ELSE 100 - valeur END AS part_pct
    FROM marts.indicateurs_trimestriels
    CROSS JOIN (VALUES (2.0::DOUBLE), (2.5::DOUBLE)) AS b (borne_basse)
    WHERE code_indicateur = 'part_pop_apl_inf_2_5' AND age_trimestres = 0 AND valeur IS NOT NULL;
CREATE OR REPLACE TABLE marts.rapprochements AS
    SELECT 'somme_des_departements' AS rapprochement, code_indicateur, niveau, code_territoire, trimestre,
        valeur AS valeur_publiee, valeur AS valeur_recalculee, 0::DOUBLE AS ecart, 0::DOUBLE AS ecart_pct,
        true AS conforme
    FROM marts.indicateurs_trimestriels
    WHERE code_indicateur = 'nb_msp' AND niveau <> 'departement';
CREATE OR REPLACE TABLE marts.revisions_barometre AS
    SELECT 'IND-312' AS code_indicateur_barometre, niveau, code_territoire, date_reference,
        valeur - 1 AS premiere_valeur, valeur AS derniere_valeur, 1::DOUBLE AS ecart, 2 AS nb_editions,
        1 AS nb_revisions
    FROM marts.indicateurs_trimestriels
    WHERE code_indicateur = 'taux_ald_avec_mt_barometre' AND age_trimestres = 0;
CREATE OR REPLACE TABLE marts.tableau_mesures AS
    SELECT c.code_indicateur, c.valeur, c.valeur_texte, c.statut,
        (SELECT count(d.valeur) FROM marts.tableau_chiffres AS d
         WHERE d.code_indicateur = c.code_indicateur AND d.niveau = 'departement')::INTEGER AS nb_departements
    FROM marts.tableau_chiffres AS c
    WHERE c.niveau = 'france' AND c.code_indicateur IN ('nb_msp', 'delai_moyen_acces_specialistes');
CREATE OR REPLACE TABLE marts.tableau_couverture AS
    SELECT code_indicateur, trimestre, count(*) AS nb_departements, count(valeur) AS nb_affichables,
        count(*) FILTER (WHERE statut = 'observe') AS nb_observe, 0 AS nb_provisoire, 0 AS nb_estime,
        count(*) FILTER (WHERE statut = 'reporte') AS nb_reporte, 0 AS nb_perime,
        count(*) FILTER (WHERE statut = 'masque') AS nb_masque,
        count(*) FILTER (WHERE statut = 'non_disponible') AS nb_non_disponible,
        count(*) FILTER (WHERE statut = 'hors_champ') AS nb_hors_champ
    FROM marts.indicateurs_trimestriels WHERE niveau = 'departement' AND trimestre = '2016T3'
    GROUP BY ALL;
CREATE OR REPLACE TABLE marts.tableau_trajectoires AS
    SELECT code_indicateur, trimestre, 'France' AS serie, 'observé' AS nature,
        CASE WHEN age_trimestres = 0 THEN valeur END AS valeur
    FROM marts.indicateurs_trimestriels WHERE niveau = 'france' AND code_indicateur = 'nb_msp'
    UNION ALL
    SELECT 'nb_msp', trimestre, 'visé', 'chemin', valeur
    FROM (VALUES ('2015T4', 101), ('2016T1', 134), ('2016T2', 167), ('2016T3', 200)) AS c (trimestre, valeur)
"""
OTHERS = """
CREATE SCHEMA registre;
CREATE TABLE marts.objectifs AS
    SELECT 'nb_msp' AS code_indicateur, 'france' AS niveau, 'FR' AS code_territoire, 'valeur' AS nature,
        200::DOUBLE AS cible, DATE '2016-09-30' AS echeance, DATE '2015-12-31' AS date_base, 'd' AS document,
        'Document d''essai' AS titre_document, 'une phrase inventée' AS citation;
CREATE TABLE marts.calendrier AS
    SELECT '2016T2-r0' AS publication, 'publication' AS nature, 'figee' AS etat,
        DATE '2016-08-18' AS date_prevue, DATE '2016-08-18' AS date_publication,
        'essai' AS version, NULL::VARCHAR AS motif
    UNION ALL SELECT '2016T2-r1', 'revision', 'figee', NULL, DATE '2016-09-01', 'essai', 'Fichier corrigé'
    UNION ALL SELECT '2016T3-r0', 'publication', 'confirmee', DATE '2016-11-17', NULL, NULL, NULL;
CREATE TABLE marts.territoires AS
    SELECT niveau, code_territoire, libelle_territoire, code_region, code_iso_3166_2 FROM places;
CREATE TABLE marts.catalogue_indicateurs AS
    SELECT DISTINCT code_indicateur, 'essai' AS libelle, 'essai' AS definition, 'essai' AS formule, unite,
        'essai' AS limites, 'essai' AS ne_permet_pas_de_dire, 'seuil_frequence' AS confidentialite_regle,
        11 AS confidentialite_seuil, NULL::VARCHAR AS confidentialite_raison,
        DATE '2017-06-30' AS prochaine_revue
    FROM marts.indicateurs_trimestriels;
CREATE TABLE marts.catalogue_sources AS SELECT 'essai.source' AS source, 'Source d''essai.' AS description;
CREATE TABLE marts.editions AS
    SELECT 'essai.source' AS source, 1 AS rang, '2015' AS edition, repeat('a', 64) AS sha256;
CREATE TABLE registre.contexte AS SELECT 'essai' AS donnees, DATE '2016-10-15' AS date_arrete;
CREATE TABLE marts.fraicheur_sources AS
    SELECT 'essai.source' AS source, '2015' AS derniere_edition, DATE '2015-12-31' AS date_edition,
        TIMESTAMP '2016-02-01 03:00:00' AS derniere_extraction, DATE '2017-01-31' AS attendue_le;
CREATE VIEW marts.valeurs_connues AS
    SELECT *, 'essai' AS publication, TIMESTAMP '2016-10-15' AS connu_depuis,
        CASE WHEN false THEN TIMESTAMP 'infinity' END AS connu_jusqua
    FROM marts.indicateurs_trimestriels;
CREATE TABLE marts.fiabilite_premieres_estimations AS
    SELECT 'apl_mg' AS code_indicateur, 'departement' AS niveau, 50::DOUBLE AS part_revisee_pct,
        1::DOUBLE AS revision_mediane, 2::DOUBLE AS revision_p90, NULL::VARCHAR AS motif;
CREATE TABLE marts.revisions AS
    SELECT code_indicateur, niveau, code_territoire, trimestre, NULL::VARCHAR AS publication_nouvelle,
        valeur - 1 AS ancienne, valeur AS nouvelle, 'source_revisee' AS raison, statut AS statut_nouveau,
        1::DOUBLE AS ecart, date_reference
    FROM marts.indicateurs_trimestriels
    WHERE code_indicateur = 'nb_msp' AND code_territoire = '84' AND trimestre = '2016T3';
CREATE TABLE marts.departements_semblables AS
    WITH numbered AS (
        SELECT code_territoire, row_number() OVER (ORDER BY code_territoire) AS n
        FROM places WHERE niveau = 'departement'
    )
    SELECT a.code_territoire AS code_departement, s.rang::INTEGER AS rang,
        b.code_territoire AS code_semblable, s.rang / 10 AS distance
    FROM numbered AS a CROSS JOIN range(1, 6) AS s(rang) JOIN numbered AS b ON b.n = (a.n + s.rang) % 101 + 1;
CREATE TABLE marts.chiffres_publies AS
    SELECT 'effectif_mg_liberaux' AS code_indicateur, 'france' AS niveau, 'FR' AS code_territoire,
        DATE '2015-12-31' AS date_reference, 100::DOUBLE AS valeur_publiee,
        NULL::DOUBLE AS valeur_observatoire, NULL::DOUBLE AS ecart, 1::DOUBLE AS tolerance,
        'non_compare' AS resultat;
CREATE TABLE marts.affirmations AS
    SELECT 'essai-1' AS id, 'nb_msp' AS code_indicateur, 'france' AS niveau, 'FR' AS code_territoire,
        101::DOUBLE AS valeur_mesuree, DATE '2015-12-31' AS date_mesure,
        'Communiqué d''essai' AS source_mesure, 'confirmee' AS verdict, 'Mesuré ailleurs.' AS raison
"""


@pytest.fixture(scope="session")
def clean_publication(tmp_path_factory):
    return build_publication(tmp_path_factory.mktemp("essai") / "entrepot.duckdb")
