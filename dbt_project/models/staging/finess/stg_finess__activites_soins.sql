-- One row per authorisation and stock. The file has no département: the FINESS number begins with it.
with source as (
    select *
    from {{ source('finess', 'activites_soins') }}
    {{ derniere_edition('_edition, noautor') }}
)

select
    noautor as numero_autorisation,
    nofinesset as numero_finess,
    nofinessej as numero_finess_juridique,
    rset as raison_sociale,
    {{ departement_de_finess('nofinesset') }} as code_departement,
    activite as code_activite,
    libactivite as libelle_activite,
    modalite as code_modalite,
    libmodalite as libelle_modalite,
    forme as code_forme,
    libforme as libelle_forme,
    try_cast(dateautor as date) as date_autorisation,
    try_cast(datemeo as date) as date_mise_en_oeuvre,
    try_cast(datefin as date) as date_fin,
    {{ date_edition('_edition') }} as date_stock,
    {{ provenance() }}
from source
