{#- Points of the movements of liberal general practitioners, which no register counts: we compare its snapshots. -#}
{% macro points_mouvements(valeur) -%}
select
    niveau,
    code_territoire,
    date_reference,
    null::double as numerateur,
    null::double as denominateur,
    {{ valeur }} as valeur,
    'ans.ps_libre_acces_personne_activite' as source,
    edition,
    sha256,
    date_extraction,
    'estime' as statut_source,
    null::varchar as motif,
    'v1' as version_methode
from {{ ref('int_rpps__mouvements') }}
{%- endmacro %}
