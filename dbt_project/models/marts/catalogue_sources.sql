with licences as (
    select source, arg_max(licence, rang) as licence
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
    licences.licence
from {{ source('registre', 'catalogue_sources') }} as catalogue
left join licences on licences.source = catalogue.source
order by catalogue.source
