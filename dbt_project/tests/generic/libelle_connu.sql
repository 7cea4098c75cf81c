{#- A label that the reference seed ignores has no code: nothing that asks for a code will see its rows. -#}
{% test libelle_connu(model, libelle, code) %}
{{ config(severity='warn') }}
select distinct {{ libelle }}
from {{ model }}
where {{ code }} is null
{% endtest %}
