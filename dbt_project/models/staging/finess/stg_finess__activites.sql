-- One row per activity exercised in an establishment and stock.
with source as (
    select *
    from {{ source('finess', 'activites') }}
    {{ derniere_edition('_edition, activite_id') }}
)

select
    activite_id as identifiant_activite,
    nofinesset as numero_finess,
    nofinessej as numero_finess_juridique,
    ege_id as identifiant_etablissement,
    {{ departement_de_finess('nofinesset') }} as code_departement,
    nature as code_nature,
    coalesce(activite_amf, activite_amm) as code_activite,
    modalite_amf as code_modalite,
    forme_amf as code_forme,
    etat = 'A' as est_active,
    noautorarhgos as numero_autorisation_arhgos,
    try_cast(datedebut as date) as date_debut,
    try_cast(datefin as date) as date_fin,
    {{ date_edition('_edition') }} as date_stock,
    {{ provenance() }}
from source
