with sources as (
    select code_indicateur, list(source order by source) as sources
    from {{ source('registre', 'sources_indicateurs') }}
    group by code_indicateur
),

ruptures as (
    select
        code_indicateur,
        string_agg({{ date_ecrite('date_rupture') }} || ' : ' || raison, ' ; ' order by date_rupture) as ruptures
    from {{ ref('ref_ruptures') }}
    group by code_indicateur
)

select
    catalogue.code_indicateur,
    catalogue.theme,
    catalogue.libelle,
    catalogue.definition,
    catalogue.utilite,
    catalogue.formule,
    catalogue.unite,
    catalogue.decimales,
    catalogue.sens,
    catalogue.additif,
    catalogue.nature,
    catalogue.cadence,
    coalesce(array_to_string(sources.sources, ', '), '') as sources,
    catalogue.borne_min,
    catalogue.borne_max,
    catalogue.variation_alerte_pct,
    catalogue.variation_alerte_points,
    catalogue.confidentialite_regle,
    catalogue.confidentialite_seuil,
    catalogue.confidentialite_contributeurs,
    catalogue.confidentialite_raison,
    catalogue.report_max_trimestres,
    catalogue.version_methode,
    ruptures.ruptures,
    catalogue.limites,
    catalogue.ne_permet_pas_de_dire,
    catalogue.redige_par,
    catalogue.prochaine_revue
from {{ source('registre', 'catalogue_indicateurs') }} as catalogue
left join sources on sources.code_indicateur = catalogue.code_indicateur
left join ruptures on ruptures.code_indicateur = catalogue.code_indicateur
order by catalogue.code_indicateur
