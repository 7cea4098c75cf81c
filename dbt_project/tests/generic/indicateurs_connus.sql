{#- A figure under a code that the catalogue ignores would be read by no indicator. -#}
{% test indicateurs_connus(model, hors_catalogue=[]) %}
{{ config(severity='warn') }}
select distinct code_indicateur
from {{ model }}
anti join {{ source('registre', 'catalogue_indicateurs') }} using (code_indicateur)
where code_indicateur is not null
{%- if hors_catalogue %} and code_indicateur not in ('{{ hors_catalogue | join("', '") }}'){% endif %}
{% endtest %}
