{#-
    Points of the « zones rouges » at every level: a territory without one counts zero, since the list is
    of the whole country.

    numerateur  aggregate over the rows of `zones` (int_zones_rouges__communes)
    valeur_sure condition on the same rows without which a territory has no point
-#}
{% macro points_zones_rouges(numerateur, valeur_sure='true') -%}
with dates as (
    select
        date_reference,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction
    from {{ ref('int_zones_rouges__communes') }}
    group by date_reference
)

select
    territoires.niveau,
    territoires.code_territoire,
    dates.date_reference,
    coalesce({{ numerateur }}, 0)::double as numerateur,
    null::double as denominateur,
    coalesce({{ numerateur }}, 0)::double as valeur,
    'ministere.zones_rouges' as source,
    dates.edition,
    dates.sha256,
    dates.date_extraction,
    'observe' as statut_source,
    null::varchar as motif,
    'v1' as version_methode
from dates
cross join {{ ref('int_territoires__effectifs') }} as territoires
left join {{ ref('int_zones_rouges__communes') }} as zones
    on zones.date_reference = dates.date_reference
    and (
        list_contains(territoires.codes_departements, zones.code_departement)
        -- An EPCI that the composition does not know is somewhere in France.
        or (territoires.niveau = 'france' and zones.code_commune is null)
    )
group by all
having {{ valeur_sure }}
{%- endmacro %}
