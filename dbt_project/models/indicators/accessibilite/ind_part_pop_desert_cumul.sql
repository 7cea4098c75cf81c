-- The three conditions on the same commune; one that is known to fail settles it, whatever the others are.
with situations as (
    select
        date_reference,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction
    from {{ ref('int_temps_acces__communes') }}
    where type_lieu = 'pharmacie'
    group by date_reference
),

-- At the date of the pharmacies, the last APL and the last emergency times are in force.
millesimes as (
    select
        situations.*,
        (
            select max(apl.date_reference)
            from {{ ref('int_apl__communes') }} as apl
            where apl.profession = 'medecins_generalistes' and apl.date_reference <= situations.date_reference
        ) as date_apl,
        (
            select max(urgences.date_reference)
            from {{ ref('int_temps_acces__communes') }} as urgences
            where urgences.type_lieu = 'urgences' and urgences.date_reference <= situations.date_reference
        ) as date_urgences
    from situations
),

communes as (
    select
        apl.code_departement,
        apl.population_totale_nb as population_nb,
        millesimes.date_reference,
        millesimes.edition,
        millesimes.sha256,
        millesimes.date_extraction,
        apl.version_methode,
        apl.apl < {{ var('seuil_apl') }}
        and pharmacies.temps_min > {{ var('seuil_pharmacie_min') }}
        and (urgences.temps_min > {{ var('seuil_urgences_min') }} or urgences.est_sans_route) as est_comptee
    from millesimes
    inner join {{ ref('int_apl__communes') }} as apl
        on apl.date_reference = millesimes.date_apl
        and apl.profession = 'medecins_generalistes'
    left join {{ ref('int_temps_acces__communes') }} as pharmacies
        on pharmacies.type_lieu = 'pharmacie'
        and pharmacies.date_reference = millesimes.date_reference
        and pharmacies.code_commune = apl.code_commune_actuelle
    left join {{ ref('int_temps_acces__communes') }} as urgences
        on urgences.type_lieu = 'urgences'
        and urgences.date_reference = millesimes.date_urgences
        and urgences.code_commune = apl.code_commune_actuelle
),

{{ points_population('communes', 'part_pop_desert_cumul', 'partenaires.temps_acces_communes') }}
