-- The zone of every commune at the end of each quarter in which an act was taken: it holds until the next.
with actes as (
    select distinct last_day(date_trunc('quarter', valable_du) + interval 2 month) as date_reference
    from {{ ref('stg_drees__zonage_medecins_communes') }}
),

passage as (
    select * from {{ passage_principal() }}
),

en_vigueur as (
    select zonage.*, actes.date_reference
    from {{ ref('stg_drees__zonage_medecins_communes') }} as zonage
    inner join actes
        on actes.date_reference >= zonage.valable_du
        and actes.date_reference < coalesce(zonage.valable_jusqu_au, date '9999-12-31')
)

select
    en_vigueur.code_commune,
    coalesce(
        passage.code_departement_actuel, {{ departement_de_commune('en_vigueur.code_commune') }}
    ) as code_departement,
    en_vigueur.date_reference,
    en_vigueur.population_nb,
    -- A commune that the acts of its région leave out is in no zone; where no act is known, nor is the zone;
    -- a label that is none of these is not known either.
    case
        when en_vigueur.zone in ('ZIP', 'ZAC', 'ZV', 'HZ') then en_vigueur.zone
        when en_vigueur.zone is null and count(en_vigueur.zone) over acte > 0 then 'HZ'
    end as zone,
    en_vigueur.edition,
    en_vigueur.sha256,
    en_vigueur.date_extraction,
    'v1' as version_methode
from en_vigueur
asof left join passage
    on passage.ancien_code = en_vigueur.code_commune
    and passage.valable_du <= en_vigueur.valable_du
window acte as (partition by en_vigueur.code_region, en_vigueur.date_reference)
