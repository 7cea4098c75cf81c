-- An EPCI may be in the list twice, for two periods.
with source as (
    select *
    from {{ source('ministere', 'zones_rouges') }}
    {{ derniere_edition('siren_epci, date_debut') }}
)

select
    siren_epci,
    libelle_epci,
    date_debut::date as date_debut,
    date_fin::date as date_fin,
    source_url,
    {{ provenance() }}
from source
