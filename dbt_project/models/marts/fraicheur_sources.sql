-- How old each source is. Lateness is judged when read, from attendue_le: no clock in SQL.
with editions as (
    select
        source,
        arg_max(edition, (date_edition, rang)) as derniere_edition,
        max(date_edition) as date_edition,
        max(date_extraction) as derniere_extraction,
        arg_max(attendue_le, (date_edition, rang)) as attendue_le,
        count(distinct edition) as nb_editions,
        count(*) filter (where nature = 'revision') as nb_revisions
    from {{ source('registre', 'editions') }}
    group by source
),

-- Snapshots that nobody can give back, except the producer itself.
manquantes as (
    select
        source,
        string_agg(strftime(date_periode, '%Y-%m-%d'), ', ' order by date_periode) as periodes_manquantes
    from {{ source('registre', 'periodes_manquantes') }}
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
    ecrasees.ecrasee_depuis,
    coalesce(editions.nb_revisions, 0)::integer as nb_revisions,
    manquantes.periodes_manquantes
from {{ source('registre', 'catalogue_sources') }} as catalogue
left join editions on editions.source = catalogue.source
left join manquantes on manquantes.source = catalogue.source
left join ecrasees on ecrasees.source = catalogue.source
left join {{ source('registre', 'echecs') }} as echecs on echecs.source = catalogue.source
order by catalogue.source
