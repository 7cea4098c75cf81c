-- A zone whose EPCI the landed composition does not know has no population: said, never guessed.
{{ config(severity='warn') }}

select siren_epci, libelle_epci
from {{ ref('stg_ministere__zones_rouges') }}
where date_fin is null
    and siren_epci not in (select siren_epci from {{ ref('stg_insee__epci_composition') }})
    and exists (select 1 from {{ ref('stg_insee__epci_composition') }})
