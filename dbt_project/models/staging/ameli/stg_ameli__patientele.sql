with source as (
    select *
    from {{ source('ameli', 'patientele') }}
    {{ derniere_edition('annee, region, departement, profession_sante') }}
)

select
    {{ niveau_cnam('region', 'departement') }} as niveau,
    {{ code_territoire_cnam('region', 'departement') }} as code_territoire,
    profession_sante,
    {{ code_de_profession('profession_sante') }} as code_profession,
    {{ fin_d_annee('annee') }} as date_reference,
    -- The portal writes 0 where there is no professional: a mean of nobody is no figure.
    nullif({{ nombre('nombre_patients_uniques') }}, 0) as file_active_moyenne_nb,
    case
        when {{ nombre('nombre_patients_uniques') }} = 0 then 'sans_objet'
        else {{ motif_masque('nombre_patients_uniques') }}
    end as motif,
    nullif({{ nombre('nombre_patients_medecin_traitant') }}, 0) as patientele_mt_moyenne_nb,
    {{ motif_masque('nombre_patients_medecin_traitant') }} as motif_patientele_mt,
    {{ provenance() }}
from source
