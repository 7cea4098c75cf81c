-- The quarter spine, closed by date_arrete: nothing in SQL reads the clock.
with bornes as (
    select
        '{{ var("premier_trimestre") }}'::date as premiere_fin,
        '{{ var("date_arrete") }}'::date as date_arrete
),

debuts as (
    select unnest(
        generate_series(date_trunc('quarter', premiere_fin)::date, date_arrete, interval 3 month)
    )::date as debut
    from bornes
)

select
    last_day(debuts.debut + interval 2 month) as fin_trimestre,
    {{ libelle_trimestre('debuts.debut') }} as trimestre,
    {{ rang_trimestre('debuts.debut') }} as rang_trimestre
from debuts
cross join bornes
where last_day(debuts.debut + interval 2 month) <= bornes.date_arrete
