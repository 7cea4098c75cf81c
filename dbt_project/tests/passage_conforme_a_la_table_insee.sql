-- Our way from a code to the commune of today against INSEE's own table, where it has landed.
{{ config(severity='warn') }}

with passage as (
    select * from {{ passage_principal() }}
),

table_insee as (
    select code_commune, annee, make_date(annee, 1, 1) as jour, code_commune_derniere, max(annee) over () as derniere
    from {{ ref('stg_insee__table_passage') }}
    where code_commune is not null
),

compares as (
    select
        table_insee.code_commune,
        table_insee.annee,
        table_insee.code_commune_derniere,
        chez_nous.code_commune_actuelle,
        -- An older table than our official code: its last codes have moved on too.
        coalesce(chez_eux.code_commune_actuelle, table_insee.code_commune_derniere) as code_attendu
    from table_insee
    asof left join passage as chez_nous
        on chez_nous.ancien_code = table_insee.code_commune
        and chez_nous.valable_du <= table_insee.jour
    left join passage as chez_eux
        on chez_eux.ancien_code = table_insee.code_commune_derniere
        and chez_eux.valable_du <= make_date(table_insee.derniere, 1, 1)
    qualify row_number() over (
        partition by table_insee.code_commune, table_insee.annee, table_insee.code_commune_derniere
        order by chez_eux.valable_du desc
    ) = 1
)

select *
from compares
where code_commune_actuelle is distinct from code_attendu
    -- A commune split since then has several codes of today: one of them is enough.
    and not exists (
        select 1 from {{ ref('int_geographie__passage') }} as parts
        where parts.code_commune = compares.code_commune
            and parts.code_commune_actuelle = compares.code_attendu
    )
