with rpps as (
    select *
    from {{ ref('int_demographie__rpps') }}
),

{{ points_densite('rpps', 'drees.rpps_medecins', recalculee=true) }}
