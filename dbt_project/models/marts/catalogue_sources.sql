with dernieres as (
    select
        source,
        arg_max_null(licence, rang) as licence,
        -- What the build reads of it: the last arrival of the most recent edition.
        arg_max(nb_lignes, (date_edition, rang)) as nb_lignes,
        arg_max_null(perimetre, (date_edition, rang)) as perimetre
    from {{ source('registre', 'editions') }}
    group by source
)

select
    catalogue.source,
    catalogue.libelle_producteur as producteur,
    catalogue.description,
    catalogue.portail,
    catalogue.jeu,
    catalogue.protocole,
    catalogue.format,
    catalogue.cadence,
    catalogue.delai_attendu_jours,
    array_to_string(catalogue.cle, ', ') as cle,
    catalogue.nb_colonnes,
    catalogue.archivage,
    dernieres.nb_lignes,
    dernieres.perimetre,
    dernieres.licence
from {{ source('registre', 'catalogue_sources') }} as catalogue
left join dernieres on dernieres.source = catalogue.source
order by catalogue.source
