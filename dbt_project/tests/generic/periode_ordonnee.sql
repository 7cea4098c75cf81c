{#- What ends does not end before it begins; one thing has one period at a time. -#}
{% test periode_ordonnee(model, cle) %}
select {{ cle | join(', ') }}, date_debut, date_fin
from {{ model }}
qualify date_fin < date_debut
    or lead(date_debut) over (partition by {{ cle | join(', ') }} order by date_debut) <= coalesce(date_fin, date '9999-12-31')
{% endtest %}
