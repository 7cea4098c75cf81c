-- One row per establishment and stock: metres in the system that the source names, which is kept with them.
with source as (
    select *
    from {{ source('finess', 'etablissements_geolocalises') }}
    {{ derniere_edition('_edition, nofinesset') }}
)

select
    nofinesset as numero_finess,
    try_cast(coordxet as double) as abscisse_m,
    try_cast(coordyet as double) as ordonnee_m,
    sourcecoordet as source_coordonnees,
    try_cast(datemaj as date) as date_mise_a_jour,
    {{ date_edition('_edition') }} as date_stock,
    {{ provenance() }}
from source
