-- A mean is not additive: régions and France are read from the source, never averaged.
with annuelle as (
    select niveau, code_territoire, date_reference, file_active_moyenne_nb, motif, edition, sha256, date_extraction
    from {{ ref('stg_ameli__file_active_medgen_annuelle') }}
    where code_profession = 'mg_hors_mep'
),

infra as (
    select niveau, code_territoire, date_reference, file_active_moyenne_nb, motif, edition, sha256, date_extraction
    from {{ ref('stg_ameli__file_active_medgen_infra_annuelle') }}
    where code_profession = 'mg_hors_mep'
),

{{ points_observatoire('annuelle', 'infra', 'file_active_moyenne_nb',
    'ameli.file_active_medgen_annuelle', 'ameli.file_active_medgen_infra_annuelle') }}
