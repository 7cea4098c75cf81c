-- A commune that no road joins to an emergency service is beyond any number of minutes by road.
with passage as (
    select * from {{ passage_principal() }}
),

communes as (
    select
        urgences.* exclude (code_departement),
        coalesce(passage.code_departement_actuel, urgences.code_departement) as code_departement,
        'v1' as version_methode,
        coalesce(urgences.temps_su_smur_min > {{ var('seuil_urgences_min') }}, true) as est_comptee
    from {{ ref('stg_drees__diagnostic_acces_urgences') }} as urgences
    asof left join passage
        on passage.ancien_code = urgences.code_commune
        and passage.valable_du <= urgences.date_reference
),

{{ points_population('communes', 'part_pop_urgences_plus_30min', 'drees.diagnostic_acces_urgences') }}
