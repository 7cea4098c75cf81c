-- One row per establishment and stock; 9A to 9F are the overseas départements.
with source as (
    select *
    from {{ source('finess', 'etablissements') }}
    {{ derniere_edition('_edition, nofinesset') }}
),

departements as (
    select code_territoire, code_finess
    from {{ ref('ref_territoires') }}
    where niveau = 'departement'
)

select
    source.nofinesset as numero_finess,
    source.nofinessej as numero_finess_juridique,
    source.rs as raison_sociale,
    source.categetab as code_categorie,
    source.libcategetab as libelle_categorie,
    -- Saint-Barthélemy, Saint-Martin, Saint-Pierre-et-Miquelon: kept, outside the 101 départements.
    departements.code_territoire as code_departement,
    source.departement as code_departement_finess,
    departements.code_territoire || right('000' || source.commune, 5 - length(departements.code_territoire))
        as code_commune,
    try_cast(source.dateouv as date) as date_ouverture,
    {{ date_edition('source._edition') }} as date_stock,
    source._edition as edition,
    source._sha256 as sha256,
    source._date_extraction as date_extraction
from source
left join departements
    on source.departement in (departements.code_finess, departements.code_territoire)
