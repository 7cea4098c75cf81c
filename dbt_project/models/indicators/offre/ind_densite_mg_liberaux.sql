with mg as (
    select *
    from {{ ref('int_demographie__mg_liberaux') }}
),

{{ points_densite('mg') }}
