with source as (
    select *
    from {{ source('ars', 'zonage_infirmiers') }}
    {{ derniere_edition('code') }}
)

select
    code as code_commune,
    {{ departement_de_commune('code') }} as code_departement,
    libelle as libelle_commune,
    try_cast(regexp_extract(zonage, '^([1-5])_', 1) as integer) as rang_zone,
    case when not starts_with(zonage, 'N/A') then regexp_replace(zonage, '^[1-5]_', '') end as zone,
    case when starts_with(zonage, 'N/A') then 'ND' end as motif,
    {{ date_edition('_edition') }} as date_reference,
    {{ provenance() }}
from source
