-- One row per commune and edition: the table is drawn again with the geography, and old zonings refer to it.
with source as (
    select *
    from {{ source('drees', 'tvs_composition') }}
    {{ derniere_edition('_edition, code_commune') }}
)

select
    code_commune,
    libelle_commune,
    {{ departement_de_commune('code_commune') }} as code_departement,
    rtrim(tvs, '_') as code_tvs,
    {{ date_edition('_edition') }} as date_geographie,
    {{ provenance() }}
from source
