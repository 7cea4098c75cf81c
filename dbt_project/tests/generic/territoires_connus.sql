{#- Every row is of one of the 101 départements, the 18 régions or France, or is kept apart as « inconnu ». -#}
{% test territoires_connus(model) %}
select distinct lignes.niveau, lignes.code_territoire
from {{ model }} as lignes
anti join {{ ref('ref_territoires') }} using (niveau, code_territoire)
where lignes.niveau <> 'inconnu'
{% endtest %}
