-- The population of a year is in force on 1 January three years later: its own date is that of the census.
with source as (
    select *
    from {{ source('insee', 'populations_reference') }}
    {{ derniere_edition('_edition, com') }}
)

select
    com as code_commune,
    libelle_commune,
    dep as code_departement,
    reg as code_region,
    make_date(year({{ date_edition('_edition') }}), 1, 1) as date_reference,
    pmun::bigint as population_municipale_nb,
    pcap::bigint as population_comptee_a_part_nb,
    ptot::bigint as population_totale_nb,
    {{ provenance() }}
from source
