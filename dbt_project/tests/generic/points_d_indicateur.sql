{#-
    What every indicator model gives: dated points, one per territory and date, whose status is the
    source's, and whose mask has a reason and no value.
-#}
{% test points_d_indicateur(model) %}
select niveau, code_territoire, date_reference, statut_source, motif, valeur
from {{ model }}
qualify
    count(*) over (partition by niveau, code_territoire, date_reference) > 1
    or niveau is null
    or code_territoire is null
    or date_reference is null
    or coalesce(statut_source not in ('observe', 'provisoire', 'estime', 'masque'), true)
    or (statut_source = 'masque') <> (motif is not null)
    or (statut_source = 'masque') <> (valeur is null)
{% endtest %}
