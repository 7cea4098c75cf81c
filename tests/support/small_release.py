"""A small published warehouse with every public table, and what a release of it says of itself."""

import datetime as dt
from pathlib import Path

import duckdb

import published_marts
from acces_soins.contracts import marts_contracts
from acces_soins.formats import About

CODES = ("taux_ald_sans_mt", "effectif_mg_liberaux", "delai_moyen_acces_specialistes")
ABOUT = About(
    name="2025T4-r1",
    kind="release",
    published_at=dt.datetime(2026, 2, 2, 8, 30, tzinfo=dt.UTC),
    trial=True,
    date_arrete=dt.date(2025, 12, 31),
    commit="0123abcd",
    parent="2025T4-r0",
    chain_heads={"essai.producteur": "ab" * 32},
    notes=("Le producteur d'essai a révisé un chiffre.",),
)
HARD_TEXT = 'Guillemets "droits" ; point-virgule, virgule\net une ligne de plus, œuvre de l\'été.'
OWN = f"""
delete from marts.tableau_de_bord where code_indicateur not in {CODES};
delete from marts.catalogue_indicateurs where code_indicateur not in {CODES};
update marts.tableau_de_bord set
    valeur = round(valeur / 3, 9), evolution = -evolution / 7, libelle_source = $${HARD_TEXT}$$,
    source = 'essai.producteur';
update marts.catalogue_indicateurs set
    theme = case code_indicateur
        when 'taux_ald_sans_mt' then 'parcours' when 'effectif_mg_liberaux' then 'offre' else 'delais'
    end,
    additif = code_indicateur = 'effectif_mg_liberaux', nature = 'nombre', report_max_trimestres = 5,
    version_methode = 'v1', confidentialite_regle = 'producteur', limites = $${HARD_TEXT}$$;
update marts.catalogue_sources set portail = 'https://exemple.invalid', licence = 'Licence Ouverte 2.0';
insert into marts.territoires by name
select distinct niveau, code_territoire, libelle_territoire, code_region, code_iso_3166_2
from marts.tableau_de_bord;
insert into marts.indicateurs_trimestriels by name
select
    code_indicateur, niveau, code_territoire, libelle_territoire, trimestre, valeur, unite, statut, motif,
    'producteur' as statut_conf, date_reference, age_trimestres, evolution, evolution_pct,
    date_reference_precedente, source, edition, repeat('0', 64) as sha256,
    timestamp '2026-01-20 02:15:00' as date_extraction, 'v1' as version_methode
from marts.tableau_de_bord;
insert into marts.comparaisons by name
select
    code_indicateur, niveau, code_territoire, trimestre, valeur_france, rang, nb_classes,
    case when niveau = 'france' and valeur is not null then 2.5 end as cible,
    case when niveau = 'france' and valeur is not null then valeur - 2.5 end as distance_cible
from marts.tableau_de_bord;
insert into marts.objectifs by name
select
    code_indicateur, 'france' as niveau, 'FR' as code_territoire, 'valeur' as nature, 2.5 as cible,
    date '2027-12-31' as echeance, date '2024-09-30' as date_base, 'essai' as document,
    'Document d''essai' as titre_document, 'Objectif fictif.' as citation, 'IND-001' as identifiant_pilote,
    'deduite' as correspondance_pilote, 'Mêmes valeurs.' as remarque_pilote
from marts.catalogue_indicateurs where code_indicateur = 'taux_ald_sans_mt';
insert into marts.revisions by name
select
    code_indicateur, niveau, code_territoire, trimestre, 'v-0' as publication_ancienne,
    'v-1' as publication_nouvelle, valeur - 0.25 as ancienne, valeur as nouvelle, 0.25 as ecart,
    'source_revisee' as raison, statut as statut_ancien, statut as statut_nouveau
from marts.tableau_de_bord
where code_indicateur = 'taux_ald_sans_mt' and niveau = 'departement' and code_territoire = '28'
    and trimestre = '2025T2';
create table marts.qualite (
    run varchar, frontiere varchar, suite varchar, controle varchar, severite varchar, attendu varchar,
    observe varchar, resultat varchar, exemples varchar
);
insert into marts.qualite by name
select
    'nuit' as run, 'sortie' as frontiere, 'publication/essai' as suite, 'cle_unique' as controle,
    'critique' as severite, 'une ligne' as attendu, 'reussi' as resultat, '[]' as exemples;
"""


def build(path: Path) -> Path:
    """Three indicators × 120 territories × 8 quarters, obviously fictitious, in every public table."""
    published_marts.build(path)
    with duckdb.connect(str(path)) as connection:
        made = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        for table, columns in marts_contracts().items():
            if table not in made:
                typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
                connection.execute(f"create table marts.{table} ({typed})")
        connection.execute(OWN)
    return path
