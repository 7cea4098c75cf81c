{#-
    Populations de référence of one file, one row per commune and year.

    cle            columns by which the file knows a commune
    code_commune   expression of its code
    The population of a year is in force on 1 January three years later: its own date is that of the census.
-#}
{% macro populations_communales(relation, cle, code_commune) -%}
with source as (
    select *
    from {{ relation }}
    {{ derniere_edition('_edition, ' ~ cle) }}
)

select
    {{ code_commune }} as code_commune,
    libelle_commune,
    dep as code_departement,
    reg as code_region,
    make_date(year({{ date_edition('_edition') }}), 1, 1) as date_reference,
    pmun::bigint as population_municipale_nb,
    pcap::bigint as population_comptee_a_part_nb,
    ptot::bigint as population_totale_nb,
    {{ provenance() }}
from source
{%- endmacro %}
