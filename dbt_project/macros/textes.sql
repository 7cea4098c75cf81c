{#- A number as French readers write it: « 12 341 978 », « 53,4 ». -#}
{% macro nombre_ecrit(expression) -%}
    regexp_replace(
        replace(replace(format('{:,.2f}', ({{ expression }})::double), ',', ' '), '.', ','), ',?0*$', ''
    )
{%- endmacro %}

{% macro date_ecrite(expression) -%}
    strftime({{ expression }}, '%d/%m/%Y')
{%- endmacro %}
