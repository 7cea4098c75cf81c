with source as (
    select *
    from {{ source('insee', 'cog_mouvements') }}
    {{ derniere_edition('mod, date_eff, typecom_av, com_av, typecom_ap, com_ap') }}
)

select
    mod as type_evenement,
    date_eff::date as date_effet,
    typecom_av as type_commune_avant,
    com_av as code_commune_avant,
    libelle_av as libelle_commune_avant,
    typecom_ap as type_commune_apres,
    com_ap as code_commune_apres,
    libelle_ap as libelle_commune_apres,
    {{ provenance() }}
from source
