{#- The row of an ensemble is the sum of its modalities (ages, sexes, sectors), where none is masked. -#}
{% test totaux_par_modalite(model, mesure, colonne, total, dimensions, motif='motif') %}
{{ config(severity='warn') }}
select
    {{ dimensions | join(', ') }},
    max({{ mesure }}) filter (where {{ colonne }} = '{{ total }}') as ensemble,
    sum({{ mesure }}) filter (where {{ colonne }} <> '{{ total }}') as somme
from {{ model }}
group by {{ dimensions | join(', ') }}
having count(*) filter (where {{ motif }} is not null) = 0
    and count(distinct {{ colonne }}) > 1
    and count(*) filter (where {{ colonne }} = '{{ total }}') = 1
    and ensemble <> somme
{% endtest %}
