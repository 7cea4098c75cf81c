{#- One row per key: every mart and every indicator has one. -#}
{% test cle_unique(model, colonnes) %}
select {{ colonnes | join(', ') }}, count(*) as lignes
from {{ model }}
group by {{ colonnes | join(', ') }}
having count(*) > 1
{% endtest %}
