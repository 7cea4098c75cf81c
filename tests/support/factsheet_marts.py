"""A small published file with what factsheets read: fictitious values, and every kind of cell."""

from dataclasses import replace
from pathlib import Path

import duckdb

import published_marts
import small_release

# A first correction without a word of its own.
ABOUT = replace(small_release.ABOUT, chain_heads={}, notes=())
# A figure as the mart writes it.
TEXT = (
    "replace(replace(replace(format('{{:,.' || decimales || 'f}}', {0}), ',', '~'), '.', ','), "
    "'~', chr(8239))"
)
OWN = f"""
update marts.catalogue_indicateurs set nature = case code_indicateur
    when 'taux_ald_sans_mt' then 'proportion' when 'densite_mg_liberaux' then 'densite'
    when 'apl_mg' then 'moyenne' when 'part_pop_apl_inf_2_5' then 'part_territoriale'
    when 'file_active_moyenne_mg' then 'moyenne' else 'nombre' end;
insert into marts.territoires by name
select distinct niveau, code_territoire, libelle_territoire, code_region, code_iso_3166_2
from marts.tableau_de_bord;
-- The last quarter of the infra-annual figure is provisional.
update marts.tableau_de_bord set statut = 'provisoire'
where code_indicateur = 'taux_ald_sans_mt' and statut = 'observe' and trimestre >= '2025T3';
insert into marts.indicateurs_trimestriels by name
select
    code_indicateur, niveau, code_territoire, libelle_territoire, trimestre, valeur, unite, statut, motif,
    date_reference, age_trimestres, evolution, evolution_pct, date_reference_precedente, source, edition,
    'v1' as version_methode
from marts.tableau_de_bord;
insert into marts.comparaisons by name
select
    code_indicateur, niveau, code_territoire, trimestre, valeur_france, valeur_france * 1.2 as valeur_region,
    valeur_france * 0.9 as mediane_semblables, rang, nb_classes, 2 as evolution_rang,
    case
        when valeur is null then null
        when code_indicateur not in ('taux_ald_sans_mt', 'densite_mg_liberaux') then 'sans jugement'
        when abs(valeur / valeur_france - 1) < 0.02 then 'semblable'
        when (valeur > valeur_france) = (sens = 'hausse') then 'mieux' else 'moins bien'
    end as position,
    'hausse' as tendance
from marts.tableau_de_bord;
update marts.comparaisons set
    cible = 2.5, echeance = date '2027-12-31', distance_cible = series.valeur - 2.5
from marts.indicateurs_trimestriels as series
where comparaisons.niveau = 'france' and comparaisons.code_indicateur = 'taux_ald_sans_mt'
    and series.niveau = 'france' and series.code_indicateur = 'taux_ald_sans_mt'
    and series.trimestre = comparaisons.trimestre;
insert into marts.fiche_departement by name
with dernieres as (
    select * from marts.tableau_de_bord where niveau = 'departement'
    qualify row_number() over (
        partition by code_indicateur, code_territoire order by valeur is null, trimestre desc
    ) = 1
)
select
    dernieres.code_territoire as code_departement, libelle_territoire as libelle_departement,
    code_region, libelle_region, 'theme' as theme, dernieres.code_indicateur, libelle_indicateur, unite,
    dernieres.trimestre, dernieres.valeur,
    coalesce({TEXT.format("dernieres.valeur")}, libelle_motif, libelle_statut) as valeur_texte,
    statut, libelle_statut, date_reference, age_trimestres,
    case when evolution_point >= 0 then '+' else chr(8722) end || {TEXT.format("abs(evolution_point)")}
        as evolution_texte,
    date_point_precedent as date_reference_precedente,
    {TEXT.format("comparaisons.valeur_region")} as valeur_region_texte,
    {TEXT.format("comparaisons.valeur_france")} as valeur_france_texte,
    {TEXT.format("comparaisons.mediane_semblables")} as mediane_semblables_texte,
    comparaisons.rang, comparaisons.nb_classes, comparaisons.evolution_rang, comparaisons.position,
    comparaisons.tendance, source, libelle_source,
    'Limite d''essai de l''indicateur ' || dernieres.code_indicateur || '.' as limites, 'essai' as donnees
from dernieres
left join marts.comparaisons
    on comparaisons.code_indicateur = dernieres.code_indicateur
    and comparaisons.niveau = 'departement'
    and comparaisons.code_territoire = dernieres.code_territoire
    and comparaisons.trimestre = dernieres.trimestre;
insert into marts.departements_semblables by name
select ici.code_territoire as code_departement, 1 as rang, 'XX' as code_semblable,
    'Semblable d''essai' as libelle_semblable
from marts.territoires as ici where ici.niveau = 'departement';
-- No APL is published for Mayotte.
insert into marts.dispersion_apl by name
select
    code_territoire, libelle_territoire, make_date(annee, 12, 31) as date_reference, 12 as nb_communes,
    1.25 as apl_min, 2.15 as apl_p10, 3.45 as apl_mediane, 4.55 as apl_p90, 5.65 as apl_max,
    12.75 as part_pop_apl_inf_2_5, 'Basse d''essai' as libelle_commune_min,
    'Haute d''essai' as libelle_commune_max, 'essai' as version_methode
from marts.territoires, unnest([2023, 2024]) as annees(annee)
where niveau = 'departement' and code_territoire <> '976';
insert into marts.revisions by name
select
    'taux_ald_sans_mt' as code_indicateur, 'departement' as niveau, '28' as code_territoire,
    '2025T2' as trimestre, 'v-1' as publication_nouvelle, 4.1 as ancienne, 4.2 as nouvelle;
"""


def build(path: Path) -> Path:
    """The nine fictitious indicators of ``published_marts``, told as factsheets tell them."""
    published_marts.build(path)
    with duckdb.connect(str(path)) as connection:
        made = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        for table, columns in published_marts.CONTRACTS.items():
            if table not in made:
                typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
                connection.execute(f"create table marts.{table} ({typed})")
        connection.execute(OWN)
    return path
