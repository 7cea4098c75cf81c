-- From any code of commune, of any vintage, to the commune of today, its département and its région.
--
-- A row holds from `valable_du` until the next one of its code. Several communes of today for one state
-- (a commune that was split): `poids` shares a quantity between them along their population of today,
-- equally where one of them is not known; `est_principale` is the one that kept the code, else the largest.
with communes as (
    select *
    from {{ ref('int_geographie__communes') }}
),

suites as (
    select code_commune, valable_du, code_commune_actuelle, est_fusion, false as est_arrondissement
    from {{ ref('int_geographie__suites') }}
    union all
    select
        code_commune,
        date '1943-01-01' as valable_du,
        code_commune_entiere as code_commune_actuelle,
        false as est_fusion,
        true as est_arrondissement
    from communes
    where type_commune = 'ARM'
),

-- INSEE's table and the official code add the codes that no movement names.
delegues as (
    select code_commune, code_commune_parente as code_commune_actuelle
    from {{ ref('stg_insee__cog_communes') }}
    where type_commune in ('COMD', 'COMA')
    union all
    select code_commune, code_commune_derniere
    from {{ ref('stg_insee__table_passage') }}
),

complements as (
    select delegues.code_commune, min(delegues.code_commune_actuelle) as code_commune_actuelle
    from delegues
    anti join suites on suites.code_commune = delegues.code_commune
    where delegues.code_commune <> delegues.code_commune_actuelle
    group by delegues.code_commune
    having count(distinct delegues.code_commune_actuelle) = 1
),

reunies as (
    select * from suites
    union all
    select
        code_commune,
        date '1943-01-01' as valable_du,
        code_commune_actuelle,
        true as est_fusion,
        false as est_arrondissement
    from complements
),

rapprochees as (
    select
        reunies.code_commune,
        -- The first state of a code also answers for the years before it.
        case
            when reunies.valable_du = min(reunies.valable_du) over (partition by reunies.code_commune)
                then date '1943-01-01'
            else reunies.valable_du
        end as valable_du,
        communes.code_commune as code_commune_actuelle,
        communes.libelle_commune as libelle_commune_actuelle,
        communes.code_departement,
        communes.code_region,
        communes.population_nb,
        reunies.est_fusion,
        reunies.est_arrondissement,
        count(*) over etat as nb_suites,
        bool_and(communes.population_nb > 0) over etat as populations_connues
    from reunies
    left join communes
        on communes.code_commune = reunies.code_commune_actuelle
        and communes.type_commune = 'COM'
    window etat as (partition by reunies.code_commune, reunies.valable_du)
)

select
    code_commune,
    valable_du,
    code_commune_actuelle,
    libelle_commune_actuelle,
    code_departement,
    code_region,
    case
        -- Saint-Barthélemy and Saint-Martin left the code of the communes in 2007.
        when code_commune_actuelle is null then 'hors_cog'
        when est_arrondissement then 'arrondissement'
        when nb_suites > 1 then 'scission'
        when code_commune_actuelle = code_commune then 'inchangee'
        when est_fusion then 'fusion'
        else 'changement_de_code'
    end as nature,
    round(
        case
            when nb_suites = 1 then 1
            when populations_connues
                then population_nb / sum(population_nb) over (partition by code_commune, valable_du)
            else 1.0 / nb_suites
        end,
        9
    ) as poids,
    row_number() over (
        partition by code_commune, valable_du
        order by code_commune_actuelle <> code_commune asc, population_nb desc nulls last, code_commune_actuelle asc
    ) = 1 as est_principale
from rapprochees
