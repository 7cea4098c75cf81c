-- The archive itself: one row for each arrival, the revised and the pruned ones included.
select
    source,
    edition,
    date_edition,
    rang,
    nature,
    date_extraction,
    nb_lignes,
    octets,
    octets_conserves,
    sha256,
    perimetre,
    colonnes_nouvelles,
    licence,
    attendue_le
from {{ source('registre', 'editions') }}
order by source, rang
