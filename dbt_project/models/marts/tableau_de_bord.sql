-- What dashboards show, in words: one row per indicator × territory × quarter.
with contexte as (
    select case when donnees = 'essai' then 'Données d''essai (fictives)' else 'Données réelles' end as donnees
    from {{ source('registre', 'contexte') }}
),

-- A carried value has no evolution of its own: what can be told is that of the point it repeats.
points as (
    select code_indicateur, niveau, code_territoire, date_reference, evolution, evolution_pct, date_reference_precedente
    from {{ ref('indicateurs_trimestriels') }}
    where age_trimestres = 0 and evolution is not null
),

-- What is shown first: the last quarter in which a département has a figure, else any territory, else the last one.
derniers as (
    select
        code_indicateur,
        coalesce(
            max(trimestre) filter (where niveau = 'departement' and valeur is not null),
            max(trimestre) filter (where valeur is not null),
            max(trimestre)
        ) as trimestre
    from {{ ref('indicateurs_trimestriels') }}
    group by code_indicateur
)

select
    indicateurs.code_indicateur,
    catalogue.libelle as libelle_indicateur,
    indicateurs.unite,
    catalogue.decimales,
    catalogue.sens,
    indicateurs.niveau,
    indicateurs.code_territoire,
    indicateurs.libelle_territoire,
    territoires.code_region,
    regions.libelle_territoire as libelle_region,
    territoires.code_iso_3166_2,
    indicateurs.trimestre,
    calendrier.fin_trimestre as date_trimestre,
    indicateurs.valeur,
    indicateurs.evolution,
    indicateurs.evolution_pct,
    indicateurs.date_reference,
    indicateurs.date_reference_precedente,
    indicateurs.age_trimestres,
    case when indicateurs.valeur is not null then points.evolution end as evolution_point,
    case when indicateurs.valeur is not null then points.evolution_pct end as evolution_point_pct,
    case when indicateurs.valeur is not null then points.date_reference_precedente end as date_point_precedent,
    indicateurs.statut,
    statuts.libelle as libelle_statut,
    indicateurs.motif,
    motifs.libelle as libelle_motif,
    comparaisons.rang,
    comparaisons.nb_classes,
    comparaisons.evolution_rang,
    comparaisons.valeur_region,
    comparaisons.valeur_france,
    indicateurs.source,
    sources.libelle_producteur as libelle_source,
    indicateurs.edition,
    contexte.donnees,
    catalogue.theme,
    catalogue.nature,
    case indicateurs.niveau
        when 'france' then 'France'
        when 'region' then 'Région ' || indicateurs.libelle_territoire
        else indicateurs.code_territoire || ' – ' || indicateurs.libelle_territoire
    end as libelle_complet,
    {{ periode_ecrite('indicateurs.trimestre') }} as periode,
    coalesce(indicateurs.trimestre = derniers.trimestre, false) as est_dernier_chiffre,
    {{ valeur_ecrite('indicateurs.valeur', 'catalogue.decimales', 'catalogue.nature') }} as valeur_texte,
    {{ unite_ecrite('indicateurs.unite', 'catalogue.nature') }} as unite_texte,
    case when indicateurs.valeur is not null then
        {{ evolution_ecrite('points.evolution', 'catalogue.decimales', 'indicateurs.unite') }}
    end as evolution_texte,
    case when indicateurs.valeur is not null then
        {{ jugement('points.evolution', 'catalogue.decimales', 'catalogue.sens') }}
    end as jugement,
    -- A number of départements lies below the total of France: only means and shares are compared with it.
    catalogue.nature not in ('nombre', 'marque') as est_comparable,
    comparaisons.mediane_semblables,
    comparaisons.position,
    comparaisons.motif_position,
    comparaisons.tendance,
    comparaisons.cible,
    vedettes.ordre as ordre_vedette
from {{ ref('indicateurs_trimestriels') }} as indicateurs
inner join {{ source('registre', 'catalogue_indicateurs') }} as catalogue
    on catalogue.code_indicateur = indicateurs.code_indicateur
inner join {{ ref('ref_territoires') }} as territoires
    on territoires.niveau = indicateurs.niveau
    and territoires.code_territoire = indicateurs.code_territoire
inner join {{ ref('int_trimestres__calendrier') }} as calendrier
    on calendrier.trimestre = indicateurs.trimestre
cross join contexte
left join {{ ref('ref_territoires') }} as regions
    on regions.niveau = 'region'
    and regions.code_territoire = territoires.code_region
left join points
    on points.code_indicateur = indicateurs.code_indicateur
    and points.niveau = indicateurs.niveau
    and points.code_territoire = indicateurs.code_territoire
    and points.date_reference = indicateurs.date_reference
left join {{ ref('comparaisons') }} as comparaisons
    on comparaisons.code_indicateur = indicateurs.code_indicateur
    and comparaisons.niveau = indicateurs.niveau
    and comparaisons.code_territoire = indicateurs.code_territoire
    and comparaisons.trimestre = indicateurs.trimestre
left join {{ source('registre', 'catalogue_sources') }} as sources
    on sources.source = indicateurs.source
left join derniers on derniers.code_indicateur = indicateurs.code_indicateur
left join {{ ref('ref_vedettes') }} as vedettes on vedettes.code_indicateur = indicateurs.code_indicateur
left join {{ ref('ref_libelles') }} as statuts
    on statuts.liste = 'statut' and statuts.code = indicateurs.statut
left join {{ ref('ref_libelles') }} as motifs
    on motifs.liste = 'motif' and motifs.code = indicateurs.motif
order by
    indicateurs.code_indicateur, indicateurs.niveau, indicateurs.code_territoire, indicateurs.trimestre
