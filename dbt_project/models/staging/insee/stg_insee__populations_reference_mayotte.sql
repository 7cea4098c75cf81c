-- This file leaves COM empty: the code is made of the département and of the last two figures.
with source as (
    select *
    from {{ source('insee', 'populations_reference_mayotte') }}
    {{ derniere_edition('_edition, dep, codcom') }}
)

select
    dep || right(codcom, 2) as code_commune,
    libelle_commune,
    dep as code_departement,
    reg as code_region,
    make_date(year({{ date_edition('_edition') }}), 1, 1) as date_reference,
    pmun::bigint as population_municipale_nb,
    pcap::bigint as population_comptee_a_part_nb,
    ptot::bigint as population_totale_nb,
    {{ provenance() }}
from source
