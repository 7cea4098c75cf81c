-- Rates are read at every level; the annual set, when it has come, confirms the infra-annual snapshots.
with annuelle as (
    select niveau, code_territoire, date_reference, taux_ald_sans_mt_pct, motif, edition, sha256, date_extraction
    from {{ ref('stg_ameli__patients_longueduree_annuelle') }}
),

infra as (
    select niveau, code_territoire, date_reference, taux_ald_sans_mt_pct, motif, edition, sha256, date_extraction
    from {{ ref('stg_ameli__patients_longueduree_infra_annuelle') }}
),

{{ points_observatoire('annuelle', 'infra', 'taux_ald_sans_mt_pct',
    'ameli.patients_longueduree_annuelle', 'ameli.patients_longueduree_infra_annuelle') }}
