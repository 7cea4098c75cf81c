-- Ready to print: of each indicator and département the last quarter that has a figure, else the last one.
with dernieres as (
    select *
    from {{ ref('int_indicateurs__series') }}
    where niveau = 'departement'
    qualify row_number() over (
        partition by code_indicateur, code_territoire order by valeur is null, rang_trimestre desc
    ) = 1
),

-- A carried figure tells the change of the point that it repeats.
points as (
    select code_indicateur, code_territoire, date_reference, evolution, date_reference_precedente
    from {{ ref('int_indicateurs__series') }}
    where niveau = 'departement' and age_trimestres = 0 and evolution is not null
)

select
    dernieres.code_territoire as code_departement,
    dernieres.libelle_territoire as libelle_departement,
    territoires.code_region,
    regions.libelle_territoire as libelle_region,
    catalogue.theme,
    dernieres.code_indicateur,
    catalogue.libelle as libelle_indicateur,
    catalogue.unite,
    dernieres.trimestre,
    dernieres.valeur,
    coalesce({{ nombre_en_lettres('dernieres.valeur', 'catalogue.decimales') }}, motifs.libelle, statuts.libelle)
        as valeur_texte,
    dernieres.statut,
    statuts.libelle as libelle_statut,
    dernieres.date_reference,
    dernieres.age_trimestres,
    {{ ecart_en_lettres('points.evolution', 'catalogue.decimales') }} as evolution_texte,
    points.date_reference_precedente,
    case when dernieres.statut in ('provisoire', 'estime') and fiabilite.revision_p90 is not null then
        {{ nombre_en_lettres('fiabilite.revision_mediane', 'catalogue.decimales') }} || ' d''habitude, '
        || {{ nombre_en_lettres('fiabilite.revision_p90', 'catalogue.decimales') }} || ' au plus neuf fois sur dix'
    end as revision_usuelle_texte,
    {{ nombre_en_lettres('comparaisons.valeur_region', 'catalogue.decimales') }} as valeur_region_texte,
    {{ nombre_en_lettres('comparaisons.valeur_france', 'catalogue.decimales') }} as valeur_france_texte,
    {{ nombre_en_lettres('comparaisons.mediane_semblables', 'catalogue.decimales') }} as mediane_semblables_texte,
    comparaisons.rang,
    comparaisons.nb_classes,
    comparaisons.evolution_rang,
    comparaisons.position,
    comparaisons.tendance,
    dernieres.source,
    sources.libelle_producteur as libelle_source,
    catalogue.limites,
    contexte.donnees
from dernieres
inner join {{ source('registre', 'catalogue_indicateurs') }} as catalogue
    on catalogue.code_indicateur = dernieres.code_indicateur
inner join {{ ref('ref_territoires') }} as territoires
    on territoires.niveau = 'departement'
    and territoires.code_territoire = dernieres.code_territoire
inner join {{ ref('ref_territoires') }} as regions
    on regions.niveau = 'region'
    and regions.code_territoire = territoires.code_region
cross join {{ source('registre', 'contexte') }} as contexte
left join points
    on points.code_indicateur = dernieres.code_indicateur
    and points.code_territoire = dernieres.code_territoire
    and points.date_reference = dernieres.date_reference
    and dernieres.valeur is not null
left join {{ ref('comparaisons') }} as comparaisons
    on comparaisons.code_indicateur = dernieres.code_indicateur
    and comparaisons.niveau = 'departement'
    and comparaisons.code_territoire = dernieres.code_territoire
    and comparaisons.trimestre = dernieres.trimestre
left join {{ ref('fiabilite_premieres_estimations') }} as fiabilite
    on fiabilite.code_indicateur = dernieres.code_indicateur
    and fiabilite.niveau = 'departement'
left join {{ source('registre', 'catalogue_sources') }} as sources on sources.source = dernieres.source
left join {{ ref('ref_libelles') }} as statuts
    on statuts.liste = 'statut' and statuts.code = dernieres.statut
left join {{ ref('ref_libelles') }} as motifs
    on motifs.liste = 'motif' and motifs.code = dernieres.motif
order by code_departement, theme, libelle_indicateur
