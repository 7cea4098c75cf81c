-- The communes of a territory have its inhabitants: else the sheet gives each commune those of the territory,
-- and shares of the population drawn from it would be wrong.
{{ config(severity='warn') }}

with communes as (
    select _edition, tvs, sum({{ nombre('population') }}) as population_nb
    from {{ source('drees', 'zonage_medecins_communes') }}
    group by _edition, tvs
)

select
    communes._edition,
    communes.tvs,
    communes.population_nb as population_des_communes,
    {{ nombre('territoires.population') }} as population_du_territoire
from communes
inner join {{ source('drees', 'zonage_medecins') }} as territoires
    on territoires._edition = communes._edition
    and territoires.tvs = communes.tvs
where abs(population_des_communes - population_du_territoire) > 0.05 * population_du_territoire
