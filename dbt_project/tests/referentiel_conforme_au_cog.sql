-- The seed of territories against the landed geographic code, where one has landed.
{{ config(severity='warn') }}

with cog as (
    select 'departement' as niveau, code_departement as code_territoire, code_region
    from {{ ref('stg_insee__cog_departements') }}
    union all
    select 'region' as niveau, code_region as code_territoire, code_region
    from {{ ref('stg_insee__cog_regions') }}
),

referentiel as (
    select niveau, code_territoire, code_region
    from {{ ref('ref_territoires') }}
    where niveau <> 'france'
)

select 'absent du référentiel' as ecart, * from (select * from cog except select * from referentiel)
union all
select 'absent du COG' as ecart, *
from (select * from referentiel except select * from cog)
where niveau in (select niveau from cog)
