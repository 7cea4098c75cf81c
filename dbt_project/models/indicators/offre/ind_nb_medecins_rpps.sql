with rpps as (
    select *
    from {{ ref('int_demographie__rpps') }}
)

{{ points_effectif('rpps', 'drees.rpps_medecins') }}
