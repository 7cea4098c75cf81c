{#- Labels that carry a code or a rank: « 075-Paris », « 971 -Guadeloupe », « 1-Libéral ». -#}

{#- The code before the dash, as INSEE writes it: 075 → 75, 02A → 2A, 001 → 01; a rank of zeros → null. -#}
{% macro code_de_etiquette(colonne) -%}
    nullif(
        regexp_replace(
            lpad(regexp_extract({{ colonne }}, '^\s*(\d{1,3}|02[AB])\s*-', 1), 3, '0'), '^0(..)$', '\1'
        ),
        '00'
    )
{%- endmacro %}

{#- The words after the rank. -#}
{% macro libelle_de_etiquette(colonne) -%}
    trim(regexp_replace({{ colonne }}, '^\s*[0-9A-Z]+\s*[-_]\s*', ''))
{%- endmacro %}
