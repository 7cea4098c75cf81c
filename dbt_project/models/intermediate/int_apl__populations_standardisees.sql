-- Inhabitants of each département weighted by their need of care at their age, on 1 January.
with habitants as (
    select code_departement, date_reference, age_min as age, population_nb
    from {{ ref('stg_insee__estimation_population_aq') }}
)

{{ population_standardisee('habitants', 'code_departement', 'date_reference', version='2012') }}
