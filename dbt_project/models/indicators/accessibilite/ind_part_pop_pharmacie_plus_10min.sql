-- All the communes of today are counted: one that the deposit leaves out is not « within ten minutes ».
with temps as (
    select * from {{ ref('int_temps_acces__communes') }}
    where type_lieu = 'pharmacie'
),

situations as (
    select
        date_reference,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction
    from temps
    group by date_reference
),

communes as (
    select
        territoires.code_departement,
        territoires.population_nb,
        situations.*,
        'v1' as version_methode,
        temps.temps_min > {{ var('seuil_pharmacie_min') }} as est_comptee
    from situations
    cross join {{ ref('int_geographie__communes') }} as territoires
    left join temps
        on temps.code_commune = territoires.code_commune
        and temps.date_reference = situations.date_reference
    where territoires.type_commune = 'COM'
),

{{ points_population('communes', 'part_pop_pharmacie_plus_10min', 'partenaires.temps_acces_communes') }}
