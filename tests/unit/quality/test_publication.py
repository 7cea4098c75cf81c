"""The publication border: a clean build passes, and each corruption is caught by the check meant for it.

Each corruption goes by the steps of a night: it is checked, and published or not.
"""

import json
import shutil
from dataclasses import asdict

import duckdb
import pytest

from acces_soins import disclosure, history, steps, warehouse
from acces_soins.catalog import load_indicators
from acces_soins.errors import ConfigurationError, CriticalCheckFailed
from acces_soins.quality import (
    check_publication,
    critical_checks_by_indicator,
    first_critical,
    publication,
    suites,
)
from acces_soins.settings import get_settings
from acces_soins.versioning import Inputs

from .conftest import DERIVED, one_per_kind

pytestmark = pytest.mark.usefixtures("without_docs")

TABLE = "marts.indicateurs_trimestriels"


def update(assignment, condition):
    return f"UPDATE {TABLE} SET {assignment} WHERE {condition}"


def known(query):
    return f"CREATE OR REPLACE VIEW marts.valeurs_connues AS {query}"


KNOWN = f"SELECT *, 'e' AS publication, current_date AS connu_depuis, NULL AS connu_jusqua FROM {TABLE}"
BEFORE = (
    "SELECT * REPLACE (4.0 AS valeur, 'observe' AS statut), 'a' AS publication, "
    f"DATE '2016-01-01' AS connu_depuis, current_date AS connu_jusqua FROM {TABLE}"
)
STRANGER = "* REPLACE ('x' AS code_indicateur)"
RELIABILITY = "UPDATE marts.fiabilite_premieres_estimations SET"


def revised(old, condition):
    """Tell the rows of the long table as revised, from an old value that this SQL gives."""
    key = "code_indicateur, niveau, code_territoire, trimestre"
    return (
        f"INSERT INTO marts.revisions SELECT {key}, NULL, {old}, valeur, 'methode', statut, NULL, "
        f"date_reference FROM {TABLE} WHERE {condition}"
    )


def rising(code, points, percent):
    return update(
        f"evolution = {points}, evolution_pct = {percent}, date_reference_precedente = '2015-09-30'",
        f"{ONE} AND code_indicateur = '{code}'",
    )


ONE = "niveau = 'departement' AND code_territoire = '01' AND trimestre = '2015T4'"
CARRIED = "niveau = 'departement' AND code_territoire = '01' AND trimestre = '2016T1'"
SHIFTED = "niveau = 'departement' AND code_indicateur = 'file_active_moyenne_mg' AND trimestre = '2015T4'"
LAST = "niveau = 'departement' AND code_territoire = '01' AND trimestre = '2016T3'"
SECRET = (
    "statut = 'masque', motif = 'secret', statut_conf = 'secret_primaire', valeur = NULL, evolution = NULL, "
    "evolution_pct = NULL, date_reference_precedente = NULL"
)
CORRUPTIONS = {
    "tuile d'une autre valeur": (
        "UPDATE marts.tableau_chiffres SET valeur = valeur + 1 WHERE valeur IS NOT NULL",
        "tableau_chiffres/fidele_a_la_table_longue",
    ),
    "texte à la place d'une valeur absente": (
        "UPDATE marts.tableau_chiffres SET valeur_texte = 'non' WHERE valeur IS NULL",
        "texte_sans_valeur",
    ),
    "habitants perdus par les classes": (
        "DELETE FROM marts.repartition_apl WHERE borne_basse = 2.5 AND code_territoire = '01'",
        "repartition_entiere",
    ),
    "seuil des classes déplacé": (
        "UPDATE marts.repartition_apl SET part_pct = CASE WHEN est_sous_le_seuil THEN part_pct + 1 "
        "ELSE part_pct - 1 END WHERE code_territoire = '01'",
        "repartition_accordee",
    ),
    "valeur connue deux fois": (known(f"{KNOWN} UNION ALL {KNOWN}"), "une_ligne_fait_foi"),
    "valeur publiée que le registre oublie": (
        known(f"{KNOWN} WHERE code_indicateur <> 'apl_mg'"),
        "ce_qui_fait_foi_est_publie",
    ),
    "valeur retirée qui fait encore foi": (
        known(f"{KNOWN} UNION ALL {KNOWN.replace('*', STRANGER)}"),
        "ce_qui_fait_foi_est_publie",
    ),
    "décile sous la médiane": (
        f"{RELIABILITY} revision_p90 = 0.5",
        "fiabilite_decile_au_dessus_de_la_mediane",
    ),
    "fiabilité sans mesure ni motif": (
        f"{RELIABILITY} part_revisee_pct = NULL",
        "fiabilite_mesuree_ou_motivee",
    ),
    "part révisée impossible": (f"{RELIABILITY} part_revisee_pct = 101", "fiabilite_part_possible"),
    "ligne doublée": (
        f"INSERT INTO {TABLE} SELECT * FROM {TABLE} LIMIT 1",
        "indicateurs_trimestriels/cle_unique",
    ),
    "indicateur inconnu": (
        update("code_indicateur = 'autre'", "code_indicateur = 'apl_mg'"),
        "codes_indicateurs",
    ),
    "statut inconnu": (
        update("statut = 'calcule'", f"{ONE} AND code_indicateur = 'apl_mg'"),
        "statuts_connus",
    ),
    "motif inconnu": (update("motif = 'panne'", "statut = 'masque'"), "motifs_connus"),
    "total compté comme territoire": (
        update("code_territoire = '999'", f"{ONE} AND code_indicateur = 'apl_mg'"),
        "indicateurs_trimestriels/territoires_connus__departement",
    ),
    "région 99": (
        update("code_territoire = '99'", "niveau = 'region' AND code_territoire = '84'"),
        "indicateurs_trimestriels/territoires_connus__region",
    ),
    "niveau inconnu": (
        update("niveau = 'commune'", f"{ONE} AND code_indicateur = 'apl_mg'"),
        "niveaux_connus",
    ),
    "trimestre perdu": (
        f"DELETE FROM {TABLE} WHERE trimestre = '2016T1' AND code_indicateur = 'nb_msp'",
        "series_completes__nb_msp",
    ),
    "valeur sous un masque": (update("valeur = 4.2", "statut = 'masque'"), "sans_valeur__taux_ald_sans_mt"),
    "masque mis à zéro": (update("valeur = 0", "statut = 'masque'"), "sans_valeur__taux_ald_sans_mt"),
    "numérateur sous un masque": (
        update("numerateur = 12", "statut = 'masque'"),
        "sans_composantes_si_masque__taux_ald_sans_mt",
    ),
    "valeur perdue": (
        update("valeur = NULL", f"{ONE} AND code_indicateur = 'apl_mg'"),
        "avec_valeur__apl_mg",
    ),
    "motif perdu": (update("motif = NULL", "statut = 'non_disponible'"), "motif_present"),
    "périmé sans trop_ancien": (
        update("statut = 'perime', motif = 'NC', valeur = NULL", f"{CARRIED} AND code_indicateur = 'apl_mg'"),
        "motif_perime",
    ),
    "report sans âge": (
        update("age_trimestres = 0", f"{CARRIED} AND code_indicateur = 'apl_mg'"),
        "report_age",
    ),
    "report trop long": (
        update("age_trimestres = 9", f"{CARRIED} AND code_indicateur = 'apl_mg'"),
        "report_limite__apl_mg",
    ),
    "report daté du trimestre": (
        update("date_reference = DATE '2016-03-31'", f"{CARRIED} AND code_indicateur = 'apl_mg'"),
        "report_date",
    ),
    "évolution d'un report": (
        update("evolution_pct = 0", f"{CARRIED} AND code_indicateur = 'apl_mg'"),
        "evolution_comparable",
    ),
    "évolution sans date": (
        update("date_reference_precedente = NULL", "evolution IS NOT NULL"),
        "evolution_datee",
    ),
    "provenance perdue": (update("sha256 = NULL", f"{ONE} AND code_indicateur = 'apl_mg'"), "provenance"),
    "territoire hors champ servi": (
        update("statut = 'observe', valeur = 3", "statut = 'hors_champ'"),
        "hors_champ_declare",
    ),
    "taux au-dessus des bornes": (
        update("valeur = 99", f"{ONE} AND code_indicateur = 'taux_ald_sans_mt'"),
        "valeurs_bornees__taux_ald_sans_mt",
    ),
    "somme régionale fausse": (
        update(
            "valeur = valeur + 1",
            "niveau = 'region' AND code_territoire = '84' AND code_indicateur = 'nb_msp'",
        ),
        "somme_departements_regions__nb_msp",
    ),
    "somme nationale fausse": (
        update("valeur = valeur - 1", "niveau = 'france' AND code_indicateur = 'effectif_mg_liberaux'"),
        "somme_departements_france__effectif_mg_liberaux",
    ),
    "secret levé": (
        update("statut = 'observe', motif = NULL, valeur = 4.2", "statut = 'masque'"),
        "secret_leve",
    ),
    "source non relue": (
        update(
            "statut = 'non_disponible', motif = 'edition_non_recue', valeur = NULL",
            "code_indicateur = 'apl_mg'",
        ),
        "valeurs_observees_effondrees__apl_mg",
    ),
    "rang impossible": ("UPDATE marts.comparaisons SET rang = 102 WHERE rang IS NOT NULL", "rang_possible"),
    "rang d'une valeur masquée": ("UPDATE marts.comparaisons SET rang = 1", "rang_sans_valeur"),
    "tableau infidèle": (
        "UPDATE marts.tableau_de_bord SET valeur = 1 WHERE valeur > 1000",
        "tableau_de_bord/fidele_a_la_table_longue",
    ),
    "carte trouée": (
        "UPDATE marts.tableau_de_bord SET code_iso_3166_2 = 'FR-20' WHERE code_territoire = '2A'",
        "carte_complete",
    ),
    "essai et réel mêlés": (
        "UPDATE marts.tableau_de_bord SET donnees = 'Données réelles' WHERE niveau = 'france'",
        "tableau_de_bord/nature_des_donnees",
    ),
    **{
        f"{mart}, ligne doublée": (
            f"INSERT INTO marts.{mart} SELECT * FROM marts.{mart} LIMIT 1",
            f"{mart}/cle_unique",
        )
        for mart in (
            *("fiche_departement", "departements_semblables", "dispersion_apl", "rapprochements"),
            *("revisions", "revisions_barometre", "chiffres_publies", "affirmations", "comparaisons"),
            *("tableau_de_bord", "tableau_chiffres", "tableau_mesures", "tableau_couverture"),
            *("tableau_trajectoires", "repartition_apl", "objectifs", "calendrier", "territoires"),
            *("catalogue_indicateurs", "catalogue_sources", "editions"),
        )
    },
    "tuile en retard d'un trimestre": (
        "UPDATE marts.tableau_chiffres SET trimestre = '2016T2' WHERE code_territoire = '01'",
        "tableau_chiffres/dernier_chiffre",
    ),
    "mesure d'une autre valeur": (
        "UPDATE marts.tableau_mesures SET valeur = 0 WHERE valeur IS NULL",
        "mesure_fidele",
    ),
    "départements d'une mesure mal comptés": (
        "UPDATE marts.tableau_mesures SET nb_departements = 100 WHERE code_indicateur = 'nb_msp'",
        "departements_comptes",
    ),
    "mesure sans chiffre écrite zéro": (
        "UPDATE marts.tableau_mesures SET valeur_texte = '0' WHERE valeur IS NULL",
        "mesure_chiffree_ou_non",
    ),
    "indicateur sans couverture": (
        "DELETE FROM marts.tableau_couverture WHERE code_indicateur = 'apl_mg'",
        "indicateur_couvert",
    ),
    "département compté deux fois": (
        "UPDATE marts.tableau_couverture SET nb_reporte = nb_reporte + 1 WHERE code_indicateur = 'apl_mg'",
        "departements_au_complet",
    ),
    "masqués comptés affichables": (
        "UPDATE marts.tableau_couverture SET nb_masque = 0, nb_affichables = nb_affichables + 1, "
        "nb_reporte = nb_reporte + 1 WHERE nb_masque > 0",
        "couverture_fidele",
    ),
    "trajectoire d'une autre valeur": (
        "UPDATE marts.tableau_trajectoires SET valeur = valeur + 1 WHERE nature = 'observé'",
        "points_observes_fideles",
    ),
    "report tracé comme observé": (
        "UPDATE marts.tableau_trajectoires SET valeur = 1 WHERE nature = 'observé' AND trimestre = '2016T1'",
        "points_observes_fideles",
    ),
    "ligne d'une autre nature": (
        "UPDATE marts.tableau_trajectoires SET nature = 'projeté' WHERE nature = 'chemin'",
        "tableau_trajectoires/natures_connues",
    ),
    "chemin vers une autre cible": (
        "UPDATE marts.tableau_trajectoires SET valeur = 250 WHERE nature = 'chemin' AND trimestre = '2016T3'",
        "chemin_vers_sa_cible",
    ),
    "objectif d'un indicateur inconnu": (
        "UPDATE marts.objectifs SET code_indicateur = 'autre'",
        "objectifs/codes_connus",
    ),
    "objectif d'un territoire inconnu": (
        "UPDATE marts.objectifs SET code_territoire = '*'",
        "territoires_vises_connus",
    ),
    "objectif d'une autre nature": (
        "UPDATE marts.objectifs SET nature = 'rythme'",
        "objectifs/natures_connues",
    ),
    "cible dans une autre unité": ("UPDATE marts.objectifs SET cible = 5e6", "cible_bornee__nb_msp"),
    "objectif sans phrase": ("UPDATE marts.objectifs SET citation = ' '", "objectif_cite"),
    "échéance avant le départ": (
        "UPDATE marts.objectifs SET echeance = DATE '2015-01-01'",
        "echeance_apres_le_depart",
    ),
    "état de publication inconnu": ("UPDATE marts.calendrier SET etat = 'prévue'", "etats_connus"),
    "publication figée sans date": (
        "UPDATE marts.calendrier SET date_publication = NULL WHERE publication = '2016T2-r0'",
        "gel_date",
    ),
    "publication datée avant d'être figée": (
        "UPDATE marts.calendrier SET date_publication = current_date, version = 'v' WHERE etat <> 'figee'",
        "gel_date",
    ),
    "correction sans raison": ("UPDATE marts.calendrier SET motif = ''", "correction_motivee"),
    "département changé de région": (
        "UPDATE marts.territoires SET code_region = '84' WHERE code_territoire = '2A'",
        "referentiel_fidele",
    ),
    "territoire retiré": (
        "DELETE FROM marts.territoires WHERE code_territoire = '976'",
        "referentiel_fidele",
    ),
    "indicateur hors du catalogue publié": (
        "DELETE FROM marts.catalogue_indicateurs WHERE code_indicateur = 'apl_mg'",
        "catalogue_complet",
    ),
    "indicateur sans limites écrites": (
        "UPDATE marts.catalogue_indicateurs SET limites = ' ' WHERE code_indicateur = 'apl_mg'",
        "chiffre_explique",
    ),
    "règle de secret inconnue": (
        "UPDATE marts.catalogue_indicateurs SET confidentialite_regle = 'libre'",
        "regle_de_secret",
    ),
    "règle de secret sans seuil": (
        "UPDATE marts.catalogue_indicateurs SET confidentialite_seuil = NULL",
        "regle_de_secret",
    ),
    "aucun secret sans dire pourquoi": (
        "UPDATE marts.catalogue_indicateurs SET confidentialite_regle = 'aucune'",
        "regle_de_secret",
    ),
    "source citée que rien ne décrit": ("DELETE FROM marts.catalogue_sources", "source_citee_decrite"),
    "fichier cité que l'archive n'a pas": (
        "UPDATE marts.editions SET sha256 = repeat('b', 64)",
        "chiffre_sans_fichier",
    ),
    "empreinte tronquée": ("UPDATE marts.editions SET sha256 = 'abc'", "empreinte_lisible"),
    "passé qui dit un chiffre couvert": (
        update(SECRET, f"{LAST} AND code_indicateur = 'nb_msp'")
        + ";"
        + known(f"{KNOWN} UNION ALL {BEFORE} WHERE {LAST} AND code_indicateur = 'nb_msp'"),
        "passe_sans_chiffre_secret",
    ),
    "révision qui dit un chiffre couvert": (
        update(SECRET, f"{LAST} AND code_indicateur = 'nb_msp'")
        + ";"
        + revised("4", f"{LAST} AND motif = 'secret'"),
        "revision_sans_chiffre_secret",
    ),
    "trimestre que rien ne ferme": (
        "UPDATE registre.contexte SET date_arrete = DATE '2016-08-15'",
        "trimestre_ferme",
    ),
    "dernier trimestre absent de tout": (
        "UPDATE registre.contexte SET date_arrete = DATE '2016-12-31'",
        "series_completes__apl_mg",
    ),
    "dénominateur sous un masque": (
        update("denominateur = 300", "statut = 'masque'"),
        "sans_composantes_si_masque__taux_ald_sans_mt",
    ),
    "masque sans raison dite": (update("statut_conf = 'libre'", "statut = 'masque'"), "raison_du_secret"),
    "secret dit libre": (
        update("motif = 'secret', statut_conf = 'libre_selon_le_seuil'", "statut = 'masque'"),
        "raison_du_secret",
    ),
    "valeur hors de son intervalle": (
        update("borne_basse = 200, borne_haute = 300", f"{ONE} AND code_indicateur = 'apl_mg'"),
        "dans_son_intervalle",
    ),
    "vieux chiffre dit observé": (
        update("statut = 'observe'", f"{CARRIED} AND code_indicateur = 'apl_mg'"),
        "observation_du_trimestre",
    ),
    "fiche trouée": ("DELETE FROM marts.fiche_departement WHERE code_departement = '976'", "fiche_complete"),
    "fiche infidèle": (
        "UPDATE marts.fiche_departement SET valeur = 0 WHERE valeur IS NULL",
        "fiche_departement/fidele_a_la_table_longue",
    ),
    "fiche en retard d'un trimestre": (
        "UPDATE marts.fiche_departement SET trimestre = '2016T2' WHERE code_departement = '01'",
        "fiche_departement/dernier_chiffre",
    ),
    "absence imprimée zéro": (
        "UPDATE marts.fiche_departement SET valeur_texte = '0' WHERE valeur IS NULL",
        "absence_expliquee",
    ),
    "fiches d'essai et réelles mêlées": (
        "UPDATE marts.fiche_departement SET donnees = 'direct' WHERE code_departement = '01'",
        "fiche_departement/nature_des_donnees",
    ),
    "semblable à lui-même": (
        "UPDATE marts.departements_semblables SET code_semblable = code_departement WHERE rang = 1",
        "jamais_lui_meme",
    ),
    "semblable inconnu": (
        "UPDATE marts.departements_semblables SET code_semblable = '20' WHERE code_departement = '01'",
        "semblables_connus",
    ),
    "semblable perdu": (
        "DELETE FROM marts.departements_semblables WHERE code_departement = '2A' AND rang = 5",
        "autant_pour_tous",
    ),
    "semblables mal classés": (
        "UPDATE marts.departements_semblables SET distance = 0 WHERE rang = 5",
        "distances_croissantes",
    ),
    "commune rattachée à rien": (
        "UPDATE marts.dispersion_apl SET code_territoire = '20' WHERE code_territoire = '2A'",
        "dispersion_apl/territoires_connus",
    ),
    "médiane sous le décile": ("UPDATE marts.dispersion_apl SET apl_mediane = 1", "quantiles_ordonnes"),
    "part au-dessus de cent": (
        "UPDATE marts.dispersion_apl SET part_pop_apl_inf_2_5 = 101 WHERE code_territoire = '01'",
        "part_bornee__part_pop_apl_inf_2_5",
    ),
    "part qui contredit l'indicateur": (
        "UPDATE marts.dispersion_apl SET part_pop_apl_inf_2_5 = 49 WHERE code_territoire = '01'",
        "part_accordee",
    ),
    "rapprochement infidèle": (
        "UPDATE marts.rapprochements SET valeur_publiee = valeur_publiee + 1",
        "publie_fidele",
    ),
    "rapprochement mal soustrait": (
        "UPDATE marts.rapprochements SET ecart = 3",
        "rapprochements/ecart_exact",
    ),
    "baromètre mal soustrait": (
        "UPDATE marts.revisions_barometre SET ecart = -1",
        "revisions_barometre/ecart_exact",
    ),
    "somme qui trahit un masque": (
        "UPDATE marts.indicateurs_trimestriels SET statut = 'masque', valeur = NULL "
        "WHERE code_indicateur = 'nb_msp' AND code_territoire = '2A'",
        "somme_sans_masque",
    ),
    "raison inconnue": ("UPDATE marts.revisions SET raison = 'autre'", "raisons_connues"),
    "révision sans changement": ("UPDATE marts.revisions SET ancienne = nouvelle", "vraie_revision"),
    "révision infidèle": ("UPDATE marts.revisions SET nouvelle = nouvelle + 5", "nouvelle_fidele"),
    "plus de révisions que d'éditions": (
        "UPDATE marts.revisions_barometre SET nb_revisions = 2",
        "editions_comptees",
    ),
    "baromètre hors bornes": (
        "UPDATE marts.revisions_barometre SET derniere_valeur = 120 WHERE code_territoire = '01'",
        "derniere_valeur_bornee__taux_ald_avec_mt_barometre",
    ),
    "baromètre qui contredit l'indicateur": (
        "UPDATE marts.revisions_barometre SET derniere_valeur = 51 WHERE code_territoire = '01'",
        "barometre_accorde",
    ),
    "chiffre publié sans indicateur": (
        "UPDATE marts.chiffres_publies SET code_indicateur = 'autre'",
        "chiffres_publies/codes_connus",
    ),
    "écart dit conforme": (
        "UPDATE marts.chiffres_publies SET resultat = 'conforme', ecart = 2",
        "resultat_juste",
    ),
    "chiffre fictif comparé": (
        "UPDATE marts.chiffres_publies SET valeur_observatoire = 101",
        "essai_non_compare",
    ),
    "verdict inconnu": ("UPDATE marts.affirmations SET verdict = 'plutôt vraie'", "verdicts_connus"),
    "verdict sans mesure": ("UPDATE marts.affirmations SET date_mesure = NULL", "verdict_mesure"),
    "verdict tiré d'un chiffre fictif": (
        "UPDATE marts.affirmations SET source_mesure = 'essai.source'",
        "essai_sans_verdict",
    ),
    "verdict sans raison": ("UPDATE marts.affirmations SET raison = ' '", "raison_ecrite"),
    "dates recopiées en croissant": (
        update(
            "date_reference = date_reference + 1", f"{ONE} AND code_indicateur = 'file_active_moyenne_mg'"
        ),
        "date_de_reference_commune__file_active_moyenne_mg",
    ),
    "édition datée du futur": (
        "UPDATE marts.fraicheur_sources SET date_edition = CAST(now() AS DATE) + 1",
        "edition_datee_du_futur",
    ),
    "table absente": ("DROP TABLE marts.tableau_de_bord", "carte_complete"),
}
WARNINGS = {
    "forte hausse": (
        update("evolution_pct = 45", "evolution_pct IS NOT NULL AND code_territoire = '01'"),
        "variation_inhabituelle__nb_msp",
    ),
    "forte baisse": (
        update("evolution_pct = -45", "evolution_pct IS NOT NULL AND code_territoire = '01'"),
        "variation_inhabituelle__nb_msp",
    ),
    "médiane déplacée": (
        update("valeur = valeur * 1.5", "niveau = 'departement' AND code_indicateur = 'apl_mg'"),
        "mediane_deplacee__apl_mg",
    ),
    "hausse d'un taux qui devrait baisser": (
        rising("taux_ald_sans_mt", 2.5, 45),
        "variation_inhabituelle__taux_ald_sans_mt",
    ),
    "baisse d'un taux qui devrait baisser": (
        rising("taux_ald_sans_mt", -2.5, -45),
        "variation_inhabituelle__taux_ald_sans_mt",
    ),
    "zéro qui tenait lieu d'absence": (
        update(
            "evolution = valeur, evolution_pct = NULL, date_reference_precedente = DATE '2015-09-30'",
            f"{ONE} AND code_indicateur = 'file_active_moyenne_mg'",
        ),
        "depart_de_zero__file_active_moyenne_mg",
    ),
    "dispersion élargie": (
        update(
            "valeur = 5 + 3 * (valeur - 5)",
            "niveau = 'departement' AND code_indicateur = 'apl_mg' AND valeur IS NOT NULL",
        ),
        "dispersion_changee__apl_mg",
    ),
    "lignes décalées d'un département": (
        f"CREATE TEMP TABLE decalees AS SELECT code_territoire, "
        f"lag(valeur, 1, 600) OVER (ORDER BY code_territoire) AS valeur FROM {TABLE} WHERE {SHIFTED}; "
        f"UPDATE {TABLE} AS m SET valeur = d.valeur, evolution = d.valeur - m.valeur, "
        f"date_reference_precedente = DATE '2015-09-30' "
        f"FROM decalees AS d WHERE d.code_territoire = m.code_territoire AND {SHIFTED}",
        "classement_bouleverse__file_active_moyenne_mg",
    ),
    "définition à revoir": (
        "UPDATE marts.catalogue_indicateurs SET prochaine_revue = DATE '2016-01-01'",
        "definition_a_revoir",
    ),
    "publication sans annonce": (
        "UPDATE marts.calendrier SET date_prevue = NULL WHERE nature = 'publication'",
        "publication_annoncee",
    ),
    "source en retard": (
        "UPDATE marts.fraicheur_sources SET attendue_le = DATE '2016-10-14'",
        "edition_attendue_recue",
    ),
    "source jamais reçue": (
        "UPDATE marts.fraicheur_sources SET derniere_edition = NULL",
        "source_sans_edition",
    ),
    "valeurs en moins": (
        update(
            "statut = 'non_disponible', motif = 'edition_non_recue', valeur = NULL",
            "code_indicateur = 'apl_mg' AND code_territoire LIKE '1%' AND niveau = 'departement'",
        )
        + ";"
        + revised("5", "motif = 'edition_non_recue'"),
        "valeurs_observees_en_baisse__apl_mg",
    ),
    "résidences inconnues dans la France": (
        update("valeur = valeur + 3", "niveau = 'france' AND code_indicateur = 'nb_centres_sante'")
        + ";"
        + revised("valeur - 3", "niveau = 'france' AND code_indicateur = 'nb_centres_sante'"),
        "reste_hors_departements__nb_centres_sante",
    ),
    "département sans semblable": (
        "DELETE FROM marts.departements_semblables WHERE code_departement = '976'",
        "departement_sans_semblable",
    ),
    "médiane hors bornes": (
        "UPDATE marts.dispersion_apl SET apl_mediane = 11, apl_p90 = 11, apl_max = 11 "
        "WHERE code_territoire = '01'",
        "mediane_bornee__apl_mg",
    ),
    "écart hors tolérance": (
        "UPDATE marts.rapprochements SET valeur_recalculee = valeur_recalculee + 1, ecart = 1, "
        "conforme = false WHERE niveau = 'france'",
        "ecart_admis",
    ),
    "révision tue": (
        update("valeur = 3", f"{ONE} AND code_indicateur = 'apl_mg'"),
        "revision_oubliee",
    ),
    "révision de tout un indicateur": (
        revised("valeur - 1", "code_indicateur = 'apl_mg' AND valeur IS NOT NULL"),
        "revisions_nombreuses",
    ),
    "révision forte du baromètre": (
        "UPDATE marts.revisions_barometre SET premiere_valeur = derniere_valeur - 9, ecart = 9 "
        "WHERE code_territoire = '01'",
        "revision_forte",
    ),
    "chiffre publié non retrouvé": (
        "UPDATE marts.chiffres_publies SET resultat = 'ecart', ecart = 2",
        "chiffre_retrouve",
    ),
}


SUITES = {
    path.stem: {entry.name: entry.severity for entry in suites.load_suite(path)}
    for path in publication.suite_paths()
}


def named(control):
    """(suite, check) of « suite/check », or of a check that one suite alone has."""
    suite, _, name = control.rpartition("/")
    having = [each for each, entries in SUITES.items() if name.split("__")[0] in entries]
    assert suite in having or (not suite and len(having) == 1), f"{control} : {having}"
    return suite or having[0], name


def kind(catalogue):
    """Two corruptions are of one kind when the same check, whatever the suite, must catch them."""
    return lambda fault: named(catalogue[fault][1])[1].split("__")[0]


def failures(results):
    return {(r.suite.removeprefix("publication/"), r.controle): r for r in results if not r.passed}


def corrupted(clean, folder, sql):
    path = folder / "entrepot.duckdb"
    shutil.copy(clean, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
        if TABLE in sql:
            connection.execute(DERIVED)
    return path


@pytest.fixture(autouse=True)
def _catalogue(indicators):
    return indicators


def test_a_clean_build_passes_with_and_without_a_previous_publication(clean_publication):
    first, second = (
        check_publication(clean_publication, None, "essai"),
        check_publication(clean_publication, clean_publication, "essai"),
    )
    assert failures(first) == {}
    assert failures(second) == {}
    assert len(second) > len(first) > 50


@pytest.fixture
def built(clean_publication, monkeypatch):
    """A night that has built the clean publication with a fault, over the clean one: ``built(sql)``."""
    monkeypatch.setattr(disclosure, "audit", lambda database, night: [])  # its own tests attack it
    served = get_settings().published_warehouse
    served.parent.mkdir(parents=True)
    shutil.copyfile(clean_publication, served)

    def run(sql):
        night = steps.open_night()
        folder = warehouse.work_folder(night)
        corrupted(clean_publication, folder, sql)
        inputs = Inputs(code="c", commit="abc", date_arrete="2016-09-30", donnees="essai", editions={})
        (folder / steps.INPUTS).write_text(json.dumps(asdict(inputs)), encoding="utf-8")
        return night

    return run


def failed_checks(night):
    """(suite, check, severity) of what failed in a night, as its publication would tell."""
    rows = json.loads((warehouse.work_folder(night) / steps.CHECKS).read_text(encoding="utf-8"))
    return {
        (row["suite"].removeprefix("publication/"), row["controle"], row["severite"])
        for row in rows
        if row["resultat"] == "echoue"
    }


@pytest.mark.parametrize("fault", one_per_kind(CORRUPTIONS, kind(CORRUPTIONS)))
def test_each_corruption_stops_the_night_and_leaves_the_served_bytes(fault, built, only):
    sql, control = CORRUPTIONS[fault]
    suite, name = named(control)
    only(name)
    before = get_settings().published_warehouse.read_bytes()
    night = built(sql)
    with pytest.raises(CriticalCheckFailed, match=name):
        steps.check(night)
    assert (suite, name, "critique") in failed_checks(night)
    with pytest.raises(CriticalCheckFailed, match=f"{name}.*Rien n'est publié"):
        steps.publish(night)
    assert get_settings().published_warehouse.read_bytes() == before


@pytest.mark.parametrize("fault", one_per_kind(WARNINGS, kind(WARNINGS)))
def test_each_surprise_is_a_warning_that_does_not_stop(fault, built, only, monkeypatch):
    sql, control = WARNINGS[fault]
    only(named(control)[1])
    night = built(sql)
    assert "1 avertissement" in steps.check(night)["phrase"]
    assert failed_checks(night) == {(*named(control), "avertissement")}
    monkeypatch.setattr(steps.publication, "publish", lambda *args: {"version": "essai"})
    monkeypatch.setattr(history, "record", lambda version: None)
    assert steps.publish(night)["etat"] == "publie"


@pytest.mark.long
@pytest.mark.parametrize("fault", WARNINGS)
def test_no_other_check_takes_a_surprise_for_a_fault(fault, clean_publication, tmp_path):
    sql, control = WARNINGS[fault]
    results = check_publication(corrupted(clean_publication, tmp_path, sql), clean_publication, "essai")
    failed = failures(results)
    assert named(control) in failed, sorted(failed)
    # A value that moves may surprise more than one check.
    assert {result.severite for result in failed.values()} == {"avertissement"}
    assert first_critical(results) is None


def test_the_sentence_names_table_indicator_expected_found_and_action(clean_publication, tmp_path, only):
    sql, name = CORRUPTIONS["taux au-dessus des bornes"]
    only(name)
    results = check_publication(corrupted(clean_publication, tmp_path, sql), None, "essai")
    result = failures(results)["indicateurs_trimestriels", name]
    assert result.exemples == [
        {
            "valeur": 99.0,
            "code_indicateur": "taux_ald_sans_mt",
            "niveau": "departement",
            "code_territoire": "01",
            "trimestre": "2015T4",
        }
    ]
    for part in (
        "marts.indicateurs_trimestriels",
        "indicateur taux_ald_sans_mt",
        "entre 0 et 30",
        "valeur = 99",
    ):
        assert part in result.phrase
    assert result.phrase.endswith("élargir les bornes du catalogue.")


def test_every_indicator_has_a_critical_check(indicators):
    assert all(critical_checks_by_indicator(indicators).values())


def test_every_indicator_of_the_project_has_bounds_and_a_critical_check():
    catalogue = load_indicators()
    if not catalogue:
        pytest.skip("le catalogue des indicateurs est encore vide")
    covered = critical_checks_by_indicator(catalogue)
    assert {code for code, names in covered.items() if "valeurs_bornees" not in names} == set()


def test_a_chosen_indicator_that_the_catalogue_lacks_is_refused(indicators, clean_publication):
    del indicators["apl_mg"]
    with pytest.raises(ConfigurationError, match="apl_mg"):
        check_publication(clean_publication, None, "essai")


def test_every_public_table_that_dbt_makes_has_a_suite_with_a_critical_check():
    guarded = {suite for suite, entries in SUITES.items() if "critique" in entries.values()}
    assert set(warehouse.published_relations()) - guarded == set()


def test_an_alert_on_variation_is_as_wide_both_ways_whatever_way_is_favourable():
    """Of the project's own catalogue: a rise of what should fall is told like a fall of what should rise."""
    catalogue = load_indicators()
    entries = suites.load_suite(publication.EXPECTATIONS / "publication" / "indicateurs_trimestriels.yml")
    scope = publication._scope(catalogue, set())
    checks = suites.expand([e for e in entries if e.name == "variation_inhabituelle"], scope)
    widths = {
        check.name.split("__")[1]: (-check.arguments["min_value"], check.arguments["max_value"])
        for check in checks
    }
    assert widths == {
        code: (i.meta.get("variation_alerte_pct", i.meta.get("variation_alerte_points")),) * 2
        for code, i in catalogue.items()
    }
    assert {catalogue[code].meta["sens"] for code in widths} == {"hausse", "baisse", "neutre"}


def test_a_small_share_that_doubles_is_no_surprise_and_a_count_that_does_is_one(
    clean_publication, tmp_path, only
):
    for code, surprising in (("taux_ald_sans_mt", False), ("nb_msp", True)):
        name = f"variation_inhabituelle__{code}"
        only(name)
        folder = tmp_path / code
        folder.mkdir()
        results = check_publication(corrupted(clean_publication, folder, rising(code, 1, 100)), None, "essai")
        assert (("indicateurs_trimestriels", name) in failures(results)) == surprising, code


def test_every_check_has_a_negative_control():
    controlled = {
        (suite, name.split("__")[0])
        for _, control in [*CORRUPTIONS.values(), *WARNINGS.values()]
        for suite, name in [named(control)]
    }
    written = {(suite, name) for suite, entries in SUITES.items() for name in entries}
    assert written - controlled == set()
