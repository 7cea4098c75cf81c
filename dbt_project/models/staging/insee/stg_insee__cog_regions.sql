with source as (
    select *
    from {{ source('insee', 'cog_regions') }}
    {{ derniere_edition('reg') }}
)

select
    reg as code_region,
    libelle as libelle_region,
    cheflieu as code_commune_cheflieu,
    {{ provenance() }}
from source
