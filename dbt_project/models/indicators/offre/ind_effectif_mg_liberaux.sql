-- Head counts are read at every level; that they add up is a check, not a computation.
with mg as (
    select *
    from {{ ref('int_demographie__mg_liberaux') }}
)

{{ points_effectif('mg', 'ameli.demographie_effectifs_densites') }}
