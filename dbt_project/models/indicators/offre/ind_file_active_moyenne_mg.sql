-- A mean is not additive: régions and France are read from the source, never averaged.
with professions as (
    select profession_sante
    from {{ ref('ref_professions_cnam') }}
    where code_profession = 'mg_hors_mep'
),

annuelle as (
    select niveau, code_territoire, date_reference, file_active_moyenne_nb, motif, edition, sha256, date_extraction
    from {{ ref('stg_ameli__file_active_medgen_annuelle') }}
    where profession_sante in (select profession_sante from professions)
),

infra as (
    select niveau, code_territoire, date_reference, file_active_moyenne_nb, motif, edition, sha256, date_extraction
    from {{ ref('stg_ameli__file_active_medgen_infra_annuelle') }}
    where profession_sante in (select profession_sante from professions)
),

{{ points_observatoire('annuelle', 'infra', 'file_active_moyenne_nb',
    'ameli.file_active_medgen_annuelle', 'ameli.file_active_medgen_infra_annuelle') }}
