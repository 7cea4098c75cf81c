-- More people covered than there are people: two population vintages, or an error.
{{ config(severity='warn') }}

select code_territoire, date_reference, population_couverte, population_reference
from {{ ref('stg_cnam__couverture_cpts') }}
where population_couverte > population_reference
