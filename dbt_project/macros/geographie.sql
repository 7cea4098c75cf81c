{#- Where a code of commune stands today: joined by `passage` as (code, valable_du), the principal part. -#}
{% macro passage_principal() -%}
    (
        select
            code_commune as ancien_code,
            valable_du,
            code_commune_actuelle,
            code_departement as code_departement_actuel,
            code_region as code_region_actuel,
            nature as nature_passage
        from {{ ref('int_geographie__passage') }}
        where est_principale
    )
{%- endmacro %}

{#- Why a code leads to no commune of today: closed list; null when it leads to one. -#}
{% macro motif_sans_commune(code, code_actuel) -%}
    case
        when {{ code_actuel }} is not null then null
        when {{ code }} is null then 'code_absent'
        -- 975, 977, 978 and 98x are collectivities of their own; two communes of 971 became such in 2007.
        when {{ code }} ~ '^(97[578]|98).*$' or {{ code }} in ('97123', '97127') then 'collectivite_outre_mer'
        when {{ code }} ~ '^99.*$' then 'etranger'
        else 'code_inconnu'
    end
{%- endmacro %}
