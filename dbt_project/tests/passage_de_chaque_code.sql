-- Every code that a movement names leads to a commune of today, or it is known why not; shares sum to one.
with codes as (
    select code_commune_avant as code_commune from {{ ref('stg_insee__cog_mouvements') }}
    union
    select code_commune_apres from {{ ref('stg_insee__cog_mouvements') }}
    union
    select code_commune from {{ ref('stg_insee__cog_communes') }}
)

select codes.code_commune, 'sans commune actuelle' as ecart
from codes
left join {{ ref('int_geographie__passage') }} as passage on passage.code_commune = codes.code_commune
where codes.code_commune is not null
    and {{ motif_sans_commune('codes.code_commune', 'passage.code_commune_actuelle') }} = 'code_inconnu'
union all
select code_commune, 'parts qui ne font pas un' as ecart
from {{ ref('int_geographie__passage') }}
group by code_commune, valable_du
having abs(sum(poids) - 1) > 0.000001 or count(*) filter (est_principale) <> 1
