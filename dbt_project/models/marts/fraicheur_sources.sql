-- How old each source is. Lateness is judged when read, from attendue_le: no clock in SQL.
with editions as (
    select
        source,
        arg_max(edition, (date_edition, rang)) as derniere_edition,
        max(date_edition) as date_edition,
        max(date_extraction) as derniere_extraction,
        arg_max_null(confirmee_au, (date_edition, rang)) as confirmee_au,
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

-- A portal that overwrites in place: since when. What a partner leaves beside what it left before overwrites
-- nothing, nor does the deposit that fills a gap.
ecrasees as (
    select
        editions.source,
        max(editions.date_extraction) as ecrasee_depuis
    from {{ source('registre', 'editions') }} as editions
    inner join {{ source('registre', 'catalogue_sources') }} as catalogue on catalogue.source = editions.source
    where editions.nature not in ('premiere', 'complement')
        and catalogue.protocole <> 'depot'
    group by editions.source
)

select
    catalogue.source,
    editions.derniere_edition,
    editions.date_edition,
    editions.derniere_extraction,
    editions.confirmee_au,
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
