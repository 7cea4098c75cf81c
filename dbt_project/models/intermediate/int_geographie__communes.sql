-- Communes of today and arrondissements of Paris, Lyon and Marseille, with where they stand.
with populations as (
    select code_commune, date_reference, population_municipale_nb
    from {{ ref('stg_insee__populations_reference') }}
    union all
    select code_commune, date_reference, population_municipale_nb
    from {{ ref('stg_insee__populations_reference_mayotte') }}
),

dernieres as (
    select code_commune, arg_max(population_municipale_nb, date_reference) as population_nb
    from populations
    group by code_commune
)

select
    cog.code_commune,
    cog.type_commune,
    cog.libelle_commune,
    -- An arrondissement stands in its city: 75101 in 75056.
    coalesce(cog.code_commune_parente, cog.code_commune) as code_commune_entiere,
    cog.code_departement,
    cog.code_region,
    dernieres.population_nb,
    cog.edition,
    cog.sha256,
    cog.date_extraction
from {{ ref('stg_insee__cog_communes') }} as cog
left join dernieres on dernieres.code_commune = cog.code_commune
where cog.type_commune in ('COM', 'ARM')
