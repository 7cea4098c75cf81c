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

{#- The département of a commune's code, null outside the 101: collectivities of their own, abroad. -#}
{% macro departement_parmi_101(colonne) -%}
    case
        when {{ colonne }} ~ '^(97[578]|98|99).*$' or {{ colonne }} in ('97123', '97127') then null
        else {{ departement_de_commune(colonne) }}
    end
{%- endmacro %}

{#- Rough boxes in degrees of mainland France and of each overseas département: south, north, west, east. -#}
{% macro dans_un_territoire(latitude, longitude) -%}
    (
        ({{ latitude }} between 41 and 52 and {{ longitude }} between -6 and 10)
        or ({{ latitude }} between 14 and 17 and {{ longitude }} between -62 and -60)
        or ({{ latitude }} between 2 and 6 and {{ longitude }} between -55 and -51)
        or ({{ latitude }} between -22 and -20 and {{ longitude }} between 55 and 56)
        or ({{ latitude }} between -14 and -12 and {{ longitude }} between 44 and 46)
    )
{%- endmacro %}

{#- Of four cells whose order changes from file to file, the pair that lies in France: its latitude
    (`axe` 0) or its longitude (1); null when none does (metres, an axis alone, another country). -#}
{% macro degre(x, y, axe_latitude, axe_longitude, axe) -%}
    case
        {%- for latitude, longitude in [
            (axe_latitude, axe_longitude), (axe_longitude, axe_latitude), (y, x), (x, y)
        ] %}
        when {{ dans_un_territoire('try_cast(' ~ latitude ~ ' as double)', 'try_cast(' ~ longitude ~ ' as double)') }}
            then try_cast({{ (latitude, longitude)[axe] }} as double)
        {%- endfor %}
    end
{%- endmacro %}
