-- Interleaved totals (France métropolitaine, DOM) are left here: sums are ours to make and to check.
with source as (
    select *
    from {{ source('insee', 'estimation_population_gca') }}
    {{ derniere_edition('_feuille, code') }}
)

select
    code as code_departement,
    trim(_feuille)::integer as annee,
    make_date(trim(_feuille)::integer, 1, 1) as date_reference,
    ensemble_0_19::bigint as population_0_19_nb,
    ensemble_20_39::bigint as population_20_39_nb,
    ensemble_40_59::bigint as population_40_59_nb,
    ensemble_60_74::bigint as population_60_74_nb,
    ensemble_75_plus::bigint as population_75_plus_nb,
    ensemble_total::bigint as population_nb,
    {{ provenance() }}
from source
where not starts_with(code, 'France') and code <> 'DOM'
