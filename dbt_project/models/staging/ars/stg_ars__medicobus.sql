-- Editions of one ARS and of all have names of their own (« R84-2026-09-30 »): their dates rank them.
with source as (
    select *
    from {{ source('ars', 'medicobus') }}
    qualify row_number() over (
        partition by departement, identifiant order by {{ date_edition('_edition') }} desc, _date_extraction desc
    ) = 1
)

select
    'departement' as niveau,
    departement as code_territoire,
    identifiant as identifiant_medicobus,
    libelle as libelle_medicobus,
    porteur,
    date_mise_en_service::date as date_debut,
    date_fin_service::date as date_fin,
    {{ nombre('nb_communes_desservies') }} as communes_desservies_nb,
    {{ motif_masque('nb_communes_desservies') }} as motif,
    source_url,
    {{ provenance() }}
from source
