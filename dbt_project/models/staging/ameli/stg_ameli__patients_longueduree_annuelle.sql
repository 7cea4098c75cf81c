with source as (
    select *
    from {{ source('ameli', 'patients_longueduree_annuelle') }}
    {{ derniere_edition('annee, region, departement') }}
)

select
    {{ niveau_cnam('region', 'departement') }} as niveau,
    {{ code_territoire_cnam('region', 'departement') }} as code_territoire,
    make_date(annee::integer, 12, 31) as date_reference,
    {{ nombre('taux_patients_ald_sans_mt') }} as taux_ald_sans_mt_pct,
    {{ motif_masque('taux_patients_ald_sans_mt') }} as motif,
    {{ provenance() }}
from source
