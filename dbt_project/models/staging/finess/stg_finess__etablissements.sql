-- One row per establishment and stock; 9A to 9F are the overseas départements.
with source as (
    select *
    from {{ source('finess', 'etablissements') }}
    {{ derniere_edition('_edition, nofinesset') }}
),

situee as (
    -- Saint-Barthélemy, Saint-Martin, Saint-Pierre-et-Miquelon: kept, outside the 101 départements.
    select *, {{ departement_de_code('departement') }} as code_departement
    from source
)

select
    nofinesset as numero_finess,
    nofinessej as numero_finess_juridique,
    rs as raison_sociale,
    categetab as code_categorie,
    libcategetab as libelle_categorie,
    code_departement,
    departement as code_departement_finess,
    code_departement || right('000' || commune, 5 - length(code_departement)) as code_commune,
    try_cast(dateouv as date) as date_ouverture,
    {{ date_edition('_edition') }} as date_stock,
    {{ provenance() }}
from situee
