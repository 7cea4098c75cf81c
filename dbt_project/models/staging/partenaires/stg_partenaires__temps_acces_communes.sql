-- A trip that the partner could not compute has no minutes, never zero.
with source as (
    select *
    from {{ source('partenaires', 'temps_acces_communes') }}
    {{ derniere_edition('date_situation, code_commune, type_lieu') }}
)

select
    code_commune,
    {{ departement_de_commune('code_commune') }} as code_departement,
    type_lieu,
    date_situation::date as date_reference,
    {{ nombre('minutes') }} as temps_min,
    {{ motif_masque('minutes') }} as motif,
    source_url,
    {{ provenance() }}
from source
