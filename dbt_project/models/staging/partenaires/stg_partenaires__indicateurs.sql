-- Figures of partners; the last deposit of a figure speaks.
with source as (
    select *
    from {{ source('partenaires', 'indicateurs') }}
    {{ derniere_edition('code_indicateur, niveau, code_territoire, date_reference') }}
)

select
    code_indicateur,
    niveau,
    code_territoire,
    date_reference::date as date_reference,
    {{ nombre('numerateur') }} as numerateur,
    {{ nombre('denominateur') }} as denominateur,
    {{ nombre('valeur') }} as valeur,
    {{ motif_masque('valeur') }} as motif,
    statut,
    source_url,
    {{ provenance() }}
from source
