{#- Quarters: « 2025T2 » and its end date. -#}

{% macro libelle_trimestre(date_fin) -%}
    (year({{ date_fin }})::varchar || 'T' || quarter({{ date_fin }})::varchar)
{%- endmacro %}

{% macro rang_trimestre(date_fin) -%}
    (4 * year({{ date_fin }}) + quarter({{ date_fin }}))
{%- endmacro %}

{#- The quarter end that a date speaks for: the nearest one if it is within 15 days, else none. -#}
{% macro fin_de_trimestre_proche(jour) -%}
    case
        when last_day(date_trunc('quarter', {{ jour }}) + interval 2 month) - {{ jour }} <= 15
            then last_day(date_trunc('quarter', {{ jour }}) + interval 2 month)
        when {{ jour }} - (date_trunc('quarter', {{ jour }}) - interval 1 day)::date <= 15
            then (date_trunc('quarter', {{ jour }}) - interval 1 day)::date
    end
{%- endmacro %}

{#- A date out of an edition's name: 2024 → 31 December, 2026-03 → end of the month, 2025-06-30 as is. -#}
{% macro date_edition(colonne) -%}
    coalesce(
        try_cast(regexp_extract({{ colonne }}, '(\d{4}-\d{2}-\d{2})$', 1) as date),
        last_day(try_cast(regexp_extract({{ colonne }}, '^(\d{4}-\d{2})$', 1) || '-01' as date)),
        try_cast(regexp_extract({{ colonne }}, '(\d{4})$', 1) || '-12-31' as date)
    )
{%- endmacro %}
