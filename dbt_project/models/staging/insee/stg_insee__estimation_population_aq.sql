-- One row per département, year, sex and five-year band; interleaved totals are left here.
with source as (
    select *
    from {{ source('insee', 'estimation_population_aq') }}
    {{ derniere_edition('_feuille, code') }}
),

depliee as (
    unpivot source
    on columns('^(hommes|femmes)_\d')
    into name sexe_tranche value population
)

select
    code as code_departement,
    trim(_feuille)::integer as annee,
    make_date(trim(_feuille)::integer, 1, 1) as date_reference,
    split_part(sexe_tranche, '_', 1) as sexe,
    split_part(sexe_tranche, '_', 2)::integer as age_min,
    -- The last band (95 and over) has no upper age.
    try_cast(split_part(sexe_tranche, '_', 3) as integer) as age_max,
    population::bigint as population_nb,
    {{ provenance() }}
from depliee
where not starts_with(code, 'France') and code <> 'DOM'
