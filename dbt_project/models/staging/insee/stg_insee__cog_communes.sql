with source as (
    select *
    from {{ source('insee', 'cog_communes') }}
    {{ derniere_edition('typecom, com') }}
)

select
    typecom as type_commune,
    com as code_commune,
    libelle as libelle_commune,
    dep as code_departement,
    reg as code_region,
    comparent as code_commune_parente,
    {{ provenance() }}
from source
