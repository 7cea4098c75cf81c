{#-
    The zone of a commune or of a territoire de vie-santé, from one act to the next: a row per change.
    What the next act of its région no longer names (a merged commune) has an end.

    cle   the contract's column that tells one territory from another
-#}
{% macro zonage_par_acte(relation, cle) -%}
with source as (
    select
        -- Codes are right-padded to five characters in some editions.
        * replace (rtrim(tvs, '_') as tvs),
        {{ date_edition('_edition') }} as date_arrete
    from {{ relation }}
    {{ derniere_edition('_edition, ' ~ cle) }}
),

actes as (
    select distinct reg, date_arrete
    from source
),

changements as (
    select *, max(date_arrete) over (partition by {{ cle }}) as dernier_arrete
    from source
    -- The first act, or another zone than in the one before.
    qualify (zonage_ars, zonage_nat) is distinct from lag((zonage_ars, zonage_nat)) over (
        partition by {{ cle }} order by date_arrete, _date_extraction
    )
)

select
    {%- if cle != 'tvs' %}
    {{ cle }},
    {%- endif %}
    tvs as code_tvs,
    lpad(reg, 2, '0') as code_region,
    {{ libelle_de_etiquette('zonage_nat') }} as selection_nationale,
    zonage_ars as zone,
    {{ nombre('population') }} as population_nb,
    date_arrete as valable_du,
    coalesce(
        lead(date_arrete) over (partition by {{ cle }} order by date_arrete),
        (
            select min(actes.date_arrete)
            from actes
            where actes.reg = changements.reg and actes.date_arrete > changements.dernier_arrete
        )
    ) as valable_jusqu_au,
    {{ provenance() }}
from changements
{%- endmacro %}
