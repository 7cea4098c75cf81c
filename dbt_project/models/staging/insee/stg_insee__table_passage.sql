-- One row per commune of the table (a line of the file) and year, with its code in the last geography.
with source as (
    select *
    from {{ source('insee', 'table_passage') }}
    {{ derniere_edition('_ligne, annee') }}
)

select
    _ligne as numero_ligne,
    annee::integer as annee,
    code_commune,
    arg_max(code_commune, annee) over (partition by _ligne) as code_commune_derniere,
    {{ provenance() }}
from source
