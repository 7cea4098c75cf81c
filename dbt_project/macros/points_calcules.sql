{#- Points of an indicator computed by us: a missing denominator gives no point, never a zero. -#}
{% macro points_calcules(relation, source) -%}
select
    niveau,
    code_territoire,
    date_reference,
    numerateur,
    denominateur,
    valeur,
    '{{ source }}' as source,
    edition,
    sha256,
    date_extraction,
    'observe' as statut_source,
    null::varchar as motif,
    version_methode
from {{ relation }}
where valeur is not null
{%- endmacro %}
