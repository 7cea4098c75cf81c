with source as (
    select *
    from {{ source('insee', 'cog_departements') }}
    {{ derniere_edition('dep') }}
)

select
    dep as code_departement,
    libelle as libelle_departement,
    reg as code_region,
    cheflieu as code_commune_cheflieu,
    {{ provenance() }}
from source
