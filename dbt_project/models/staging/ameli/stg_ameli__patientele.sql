with source as (
    select *
    from {{ source('ameli', 'patientele') }}
    {{ derniere_edition('annee, region, departement, profession_sante') }}
),

professions as (
    {{ codes_des_libelles('source', 'profession_sante', 'ref_professions_cnam', 'code_profession') }}
)

select
    {{ niveau_cnam('source.region', 'source.departement') }} as niveau,
    {{ code_territoire_cnam('source.region', 'source.departement') }} as code_territoire,
    source.profession_sante,
    professions.code_profession,
    {{ fin_d_annee('source.annee') }} as date_reference,
    -- The portal writes 0 where there is no professional: a mean of nobody is no figure.
    nullif({{ nombre('source.nombre_patients_uniques') }}, 0) as file_active_moyenne_nb,
    case
        when {{ nombre('source.nombre_patients_uniques') }} = 0 then 'sans_objet'
        else {{ motif_masque('source.nombre_patients_uniques') }}
    end as motif,
    nullif({{ nombre('source.nombre_patients_medecin_traitant') }}, 0) as patientele_mt_moyenne_nb,
    {{ motif_masque('source.nombre_patients_medecin_traitant') }} as motif_patientele_mt,
    {{ provenance() }}
from source
left join professions on professions.profession_sante = source.profession_sante
