-- A date is the first publication day of the week from the announced delay on; one that is not says why.
with dates as (
    select
        trimestre,
        date_prevue,
        etat,
        motif,
        last_day(make_date(left(trimestre, 4)::integer, 3 * right(trimestre, 1)::integer, 1))
        + {{ var('delai_publication_jours') }} as au_plus_tot
    from {{ ref('calendrier_publications') }}
),

ecarts as (
    select
        *,
        isodow(date_prevue) = {{ var('jour_publication') }}
        and date_prevue between au_plus_tot and au_plus_tot + 6 as suit_la_regle
    from dates
)

select *
from ecarts
where suit_la_regle = (etat = 'reportee')
    or (etat = 'reportee') <> (motif is not null)
