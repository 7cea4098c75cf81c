with source as (
    select *
    from {{ source('ameli', 'patients_longueduree_infra_annuelle') }}
    {{ derniere_edition('date, region, departement') }}
)

select
    {{ niveau_cnam('region', 'departement') }} as niveau,
    {{ code_territoire_cnam('region', 'departement') }} as code_territoire,
    date::date as date_reference,
    {{ nombre('taux_patients_ald_sans_mt') }} as taux_ald_sans_mt_pct,
    -- The portal's number column has no sign for a mask: an empty cell is one.
    case
        when {{ nombre('taux_patients_ald_sans_mt') }} is null
            then coalesce({{ motif_masque('taux_patients_ald_sans_mt') }}, 'NC')
    end as motif,
    {{ provenance() }}
from source
