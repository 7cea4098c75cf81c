with source as (
    select *
    from {{ source('insee', 'grille_densite') }}
    {{ derniere_edition('codgeo') }}
)

select
    codgeo as code_commune,
    libgeo as libelle_commune,
    dens::integer as niveau_densite,
    libdens as libelle_densite,
    {{ provenance() }}
from source
