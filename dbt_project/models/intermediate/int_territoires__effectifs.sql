-- How many départements each territory is made of: a sum over fewer is not that territory.
with departements as (
    select code_territoire, code_region
    from {{ ref('ref_territoires') }}
    where niveau = 'departement'
)

select
    territoires.niveau,
    territoires.code_territoire,
    count(*)::integer as nb_departements,
    list(departements.code_territoire order by departements.code_territoire) as codes_departements
from {{ ref('ref_territoires') }} as territoires
inner join departements
    on territoires.niveau = 'france'
    or (territoires.niveau = 'region' and departements.code_region = territoires.code_territoire)
    or (territoires.niveau = 'departement' and departements.code_territoire = territoires.code_territoire)
group by territoires.niveau, territoires.code_territoire
