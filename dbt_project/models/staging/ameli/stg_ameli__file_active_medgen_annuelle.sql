with source as (
    select *
    from {{ source('ameli', 'file_active_medgen_annuelle') }}
    {{ derniere_edition('annee, region, departement, profession_sante') }}
)

select
    {{ niveau_cnam('region', 'departement') }} as niveau,
    {{ code_territoire_cnam('region', 'departement') }} as code_territoire,
    profession_sante,
    make_date(annee::integer, 12, 31) as date_reference,
    {{ nombre('nombre_patients_uniques') }} as file_active_moyenne_nb,
    {{ motif_masque('nombre_patients_uniques') }} as motif,
    {{ provenance() }}
from source
