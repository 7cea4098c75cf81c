{#- A published figure and our arithmetic disagree by more than is admitted: shown, and a warning. -#}
{% test rapprochements_conformes(model) %}
select *
from {{ model }}
where not conforme
{% endtest %}
