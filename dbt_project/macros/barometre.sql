{#- One row per revision, zone and month of the barometer; revisions stay side by side.

    2022-09-01 and 2022-09-30 are the same September: dates are brought to the month's end. A revision may
    hold a month twice, under two days: the later day speaks. -#}
{% macro mesures_barometre(relation) -%}
with source as (
    select *
    from {{ relation }}
    {{ derniere_edition('_edition, enforce_zone_id, metric_enforce_date') }}
)

select
    indic_id as code_indicateur_barometre,
    case maille when 'NAT' then 'france' when 'REG' then 'region' else 'departement' end as niveau,
    case when enforce_zone_id = 'FRANCE' then 'FR' else substr(enforce_zone_id, 2) end as code_territoire,
    metric_enforce_date::date as date_lue,
    last_day(metric_enforce_date::date) as date_reference,
    {{ nombre('indic_vi') }} as valeur_initiale,
    {{ nombre('indic_va') }} as valeur,
    {{ nombre('indic_vc') }} as valeur_cible,
    {{ nombre('indic_ta') }} as taux_avancement_pct,
    {{ date_edition('_edition') }} as date_revision,
    -- The revision that speaks for that month today.
    row_number() over (
        partition by enforce_zone_id, last_day(metric_enforce_date::date)
        order by {{ date_edition('_edition') }} desc, _date_extraction desc, metric_enforce_date desc
    ) = 1 as est_derniere_revision,
    {{ provenance() }}
from source
{%- endmacro %}
