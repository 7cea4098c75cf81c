{#-
    Figures by département that a partner leaves in the drop box, one row per département and quarter's end.

    mesures   columns of the file: each gives the figure and, under `motif_<column>`, why it is masked
    dates     its other dates
-#}
{% macro depot_departemental(relation, mesures, dates=[]) -%}
with source as (
    select *
    from {{ relation }}
    {{ derniere_edition('date_situation, departement') }}
)

select
    'departement' as niveau,
    departement as code_territoire,
    date_situation::date as date_reference,
    {%- for jour in dates %}
    {{ jour }}::date as {{ jour }},
    {%- endfor %}
    {%- for mesure in mesures %}
    {{ nombre(mesure) }} as {{ mesure }},
    {{ motif_masque(mesure) }} as motif_{{ mesure }},
    {%- endfor %}
    source_url,
    {{ provenance() }}
from source
{%- endmacro %}
