-- One row per establishment and stock, active or not; closed ones are kept with their day.
with source as (
    select *
    from {{ source('finess', 'structures') }}
    {{ derniere_edition('_edition, nofinesset') }}
)

select
    nofinesset as numero_finess,
    nofinessej as numero_finess_juridique,
    ege_id as identifiant_etablissement,
    trim(rs) as raison_sociale,
    trim(rslongue) as raison_sociale_longue,
    siret,
    categetab as code_categorie,
    etat = 'A' as est_actif,
    code_commune,
    {{ departement_parmi_101('code_commune') }} as code_departement,
    {{ degre('coordonnee_x', 'coordonnee_y', 'direction_latitude', 'direction_longitude', 0) }} as latitude,
    {{ degre('coordonnee_x', 'coordonnee_y', 'direction_latitude', 'direction_longitude', 1) }} as longitude,
    try_cast(dateouv as date) as date_ouverture,
    try_cast(dateautor as date) as date_premiere_autorisation,
    try_cast(datefermeture as date) as date_fermeture,
    {{ date_edition('_edition') }} as date_stock,
    {{ provenance() }}
from source
