-- How old each source is. Lateness is judged when read, from attendue_le: no clock in SQL.
with editions as (
    select
        source,
        arg_max(edition, (date_edition, rang)) as derniere_edition,
        max(date_edition) as date_edition,
        max(date_extraction) as derniere_extraction,
        arg_max(attendue_le, (date_edition, rang)) as attendue_le,
        count(distinct edition) as nb_editions
    from {{ source('registre', 'editions') }}
    group by source
),

-- A portal that overwrites in place: the edition that ours replaced there, and since when.
ecrasees as (
    select
        source,
        max(date_extraction) as ecrasee_depuis
    from {{ source('registre', 'editions') }}
    where rang > 1
    group by source
)

select
    catalogue.source,
    editions.derniere_edition,
    editions.date_edition,
    editions.derniere_extraction,
    editions.attendue_le,
    echecs.dernier_echec,
    echecs.motif_echec,
    coalesce(editions.nb_editions, 0)::integer as nb_editions,
    ecrasees.ecrasee_depuis
from {{ source('registre', 'catalogue_sources') }} as catalogue
left join editions on editions.source = catalogue.source
left join ecrasees on ecrasees.source = catalogue.source
left join {{ source('registre', 'echecs') }} as echecs on echecs.source = catalogue.source
order by catalogue.source
