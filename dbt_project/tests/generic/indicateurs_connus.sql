{#- A figure under a code that the catalogue ignores would be read by no indicator. -#}
{% test indicateurs_connus(model) %}
{{ config(severity='warn') }}
select distinct code_indicateur
from {{ model }}
anti join {{ source('registre', 'catalogue_indicateurs') }} using (code_indicateur)
{% endtest %}
