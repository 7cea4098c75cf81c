with source as (
    select *
    from {{ source('insee', 'epci_composition') }}
    {{ derniere_edition('insee') }}
)

select
    insee as code_commune,
    nom_membre as libelle_commune,
    dep_com as code_departement,
    siren as siren_epci,
    raison_sociale as libelle_epci,
    nature_juridique,
    dept as code_departement_siege,
    population_municipale::bigint as population_municipale_nb,
    population_totale::bigint as population_totale_nb,
    {{ provenance() }}
from source
