-- Minutes by road from each commune of today to the nearest place of care, per date and type of place:
-- what partners deposit, and the times of the DREES for emergencies where no partner gives that date.
with passage as (
    select * from {{ passage_principal() }}
),

temps as (
    select
        code_commune, type_lieu, date_reference, temps_min, edition, sha256, date_extraction,
        'partenaires.temps_acces_communes' as source,
        false as est_sans_route,
        1 as priorite
    from {{ ref('stg_partenaires__temps_acces_communes') }}
    union all
    select
        code_commune, 'urgences' as type_lieu, date_reference, temps_su_smur_min, edition, sha256, date_extraction,
        'drees.diagnostic_acces_urgences' as source,
        -- The DREES leaves empty what no road joins: islands, the Amazonian forest.
        temps_su_smur_min is null as est_sans_route,
        2 as priorite
    from {{ ref('stg_drees__diagnostic_acces_urgences') }}
)

select
    passage.code_commune_actuelle as code_commune,
    temps.type_lieu,
    temps.date_reference,
    temps.temps_min,
    temps.est_sans_route,
    temps.source,
    temps.edition,
    temps.sha256,
    temps.date_extraction
from temps
asof inner join passage
    on passage.ancien_code = temps.code_commune
    and passage.valable_du <= temps.date_reference
where passage.code_commune_actuelle is not null
-- Of several codes that are one commune today, the one that kept the code speaks; else the farthest, and a
-- trip that is not computed is farther than any.
qualify row_number() over (
    partition by passage.code_commune_actuelle, temps.type_lieu, temps.date_reference
    order by
        temps.priorite asc,
        temps.code_commune <> passage.code_commune_actuelle asc,
        temps.temps_min desc nulls first,
        temps.code_commune asc
) = 1
