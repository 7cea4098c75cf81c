with source as (
    select *
    from {{ source('finess', 'materiels_lourds') }}
    {{ derniere_edition('_edition, nofinesset, eml, noautor, noimplarhgos') }}
)

select
    nofinesset as numero_finess,
    nofinessej as numero_finess_juridique,
    eml as code_equipement,
    libeml as libelle_equipement,
    noautor as numero_autorisation,
    noimplarhgos as numero_implantation,
    try_cast(dateautor as date) as date_autorisation,
    try_cast(datemeo as date) as date_mise_en_oeuvre,
    {{ date_edition('_edition') }} as date_stock,
    {{ provenance() }}
from source
