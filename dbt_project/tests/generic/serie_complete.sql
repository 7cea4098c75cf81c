{#- Every indicator × territory × quarter has its row: the value may be null, the status never. -#}
{% test serie_complete(model) %}
with attendues as (
    select catalogue.code_indicateur, territoires.niveau, territoires.code_territoire, calendrier.trimestre
    from {{ source('registre', 'catalogue_indicateurs') }} as catalogue
    cross join {{ ref('ref_territoires') }} as territoires
    cross join {{ ref('int_trimestres__calendrier') }} as calendrier
)

select attendues.*
from attendues
anti join {{ model }} as lignes using (code_indicateur, niveau, code_territoire, trimestre)
{% endtest %}
