-- The zone of a territoire de vie-santé, from one act to the next: a row per change, not per file.
with source as (
    select
        *,
        rtrim(tvs, '_') as code_tvs,
        {{ date_edition('_edition') }} as date_arrete
    from {{ source('drees', 'zonage_medecins') }}
    {{ derniere_edition('_edition, tvs') }}
),

changements as (
    select *
    from source
    -- The first act, or another zone than in the one before.
    qualify (zonage_ars, zonage_nat) is distinct from lag((zonage_ars, zonage_nat)) over (
        partition by code_tvs order by date_arrete, _date_extraction
    )
)

select
    code_tvs,
    lpad(reg, 2, '0') as code_region,
    {{ libelle_de_etiquette('zonage_nat') }} as selection_nationale,
    zonage_ars as zone,
    {{ nombre('population') }} as population_nb,
    date_arrete as valable_du,
    lead(date_arrete) over (partition by code_tvs order by date_arrete) as valable_jusqu_au,
    {{ provenance() }}
from changements
