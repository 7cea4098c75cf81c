{#-
    The points that our own confidentiality masks today, by the quarter end that they speak for: what was published of
    them before is not given again. Gives code_indicateur, niveau, code_territoire, fin_trimestre.
-#}
{% macro points_secrets() -%}
select distinct
    code_indicateur,
    niveau,
    code_territoire,
    {{ fin_de_trimestre_proche('date_reference') }} as fin_trimestre
from {{ ref('int_indicateurs__masques') }}
{%- endmacro %}
