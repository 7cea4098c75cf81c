{#- A text for display and its number twin (`<column>_integer`) say the same figure, within its rounding. -#}
{% test jumeau_concordant(model, column_name) %}
select {{ column_name }}, {{ column_name }}_integer
from {{ model }}
where abs({{ nombre(column_name) }} - {{ nombre(column_name ~ '_integer') }}) > 0.051
    or ({{ nombre(column_name) }} is null) <> ({{ nombre(column_name ~ '_integer') }} is null)
{% endtest %}
