-- One row per measure, territory, speciality, way of practice, age, sex and year, on 1 January.
-- Territories are known by their codes: labels have typos. Other totals (France métropolitaine) are left here.
with source as (
    select
        *,
        {{ code_de_etiquette('region') }} as code_region_lu,
        {{ code_de_etiquette('departement') }} as code_departement_lu
    from {{ source('drees', 'rpps_medecins') }}
    {{ derniere_edition(
        '_feuille, territoire, region, departement, specialites_agregees, specialites, exercice, '
        ~ 'tranche_age, sexe, annee'
    ) }}
),

situee as (
    select
        source.*,
        case
            when departements.code_territoire is not null then 'departement'
            when source.code_departement_lu is null and regions.code_territoire is not null then 'region'
            when source.code_departement_lu is null
                and source.code_region_lu is null
                and regexp_matches(source.territoire, '^0+\s*-.*$')
                then 'france'
        end as niveau
    from source
    left join {{ ref('ref_territoires') }} as departements
        on departements.niveau = 'departement' and departements.code_territoire = source.code_departement_lu
    left join {{ ref('ref_territoires') }} as regions
        on regions.niveau = 'region' and regions.code_territoire = source.code_region_lu
)

select
    case _feuille when 'Effectifs' then 'effectif' when 'Densités' then 'densite' else 'age_moyen' end as mesure,
    niveau,
    case niveau
        when 'departement' then code_departement_lu when 'region' then code_region_lu else 'FR'
    end as code_territoire,
    {{ libelle_de_etiquette('specialites_agregees') }} as groupe_specialites,
    coalesce({{ libelle_de_etiquette('specialites') }}, 'Ensemble') as specialite,
    {{ libelle_de_etiquette('exercice') }} as exercice,
    -- A sheet without these columns speaks of all ages and of both sexes.
    coalesce({{ libelle_de_etiquette('tranche_age') }}, 'Ensemble') as tranche_age,
    coalesce({{ libelle_de_etiquette('sexe') }}, 'Ensemble') as sexe,
    annee::integer as annee,
    make_date(annee::integer, 1, 1) as date_reference,
    {{ nombre('valeur') }} as valeur,
    {{ motif_masque('valeur') }} as motif,
    {{ provenance() }}
from situee
where niveau is not null
