-- For each state of a commune's code, from one event to the next, the codes of today that hold its ground.
--
-- The path follows the movements of the official code forward. Where a commune is split, its ground goes
-- to all the parts; but a part that was already a commune of its own in the state that one starts from
-- was no part of it then, and a commune that comes back under its own code goes to itself alone.
with recursive liens as (
    -- A change of name (10) moves no ground; déléguées and associées are inside a commune.
    select
        type_evenement,
        code_commune_avant as avant,
        code_commune_apres as apres,
        date_effet as jour
    from {{ ref('stg_insee__cog_mouvements') }}
    where type_evenement <> '10'
        and type_commune_avant = 'COM'
        and type_commune_apres = 'COM'
),

evenements as materialized (
    select
        avant,
        jour,
        list(distinct apres order by apres) as suites,
        -- 30 to 33: the commune is merged; 41 and 50: its code changes, its ground does not.
        bool_or(type_evenement in ('30', '31', '32', '33')) as est_fusion
    from liens
    group by avant, jour
),

arrivees as (
    select distinct code_commune_apres as code, date_effet as jour
    from {{ ref('stg_insee__cog_mouvements') }}
    where type_evenement <> '10' and type_commune_apres = 'COM'
),

premiers_departs as (
    select code_commune_avant as code, min(date_effet) as jour
    from {{ ref('stg_insee__cog_mouvements') }}
    where type_evenement <> '10' and type_commune_avant = 'COM'
    group by code_commune_avant
),

debuts as (
    select code, jour as debut from arrivees
    union
    -- There since the beginning of the file, in 1943: left before any arrival, or never moved.
    select premiers_departs.code, date '1943-01-01' as debut
    from premiers_departs
    anti join arrivees on arrivees.code = premiers_departs.code and arrivees.jour < premiers_departs.jour
    union
    select cog.code_commune as code, date '1943-01-01' as debut
    from {{ ref('stg_insee__cog_communes') }} as cog
    anti join arrivees on arrivees.code = cog.code_commune
    where cog.type_commune = 'COM'
),

etats as materialized (
    select debuts.code, debuts.debut, min(evenements.jour) as fin
    from debuts
    left join evenements
        on evenements.avant = debuts.code
        and (
            evenements.jour > debuts.debut
            -- Two events on one day: arrived under a code that it leaves at once.
            or (evenements.jour = debuts.debut and not list_contains(evenements.suites, debuts.code))
        )
    group by debuts.code, debuts.debut
),

chemins as (
    select code as origine, debut, code as porteur, fin, false as est_fusion
    from etats
    union
    select
        chemins.origine,
        chemins.debut,
        suivants.code as porteur,
        suivants.fin,
        chemins.est_fusion or evenements.est_fusion as est_fusion
    from chemins
    inner join evenements on evenements.avant = chemins.porteur and evenements.jour = chemins.fin
    inner join etats as suivants
        on list_contains(evenements.suites, suivants.code) and suivants.debut = chemins.fin
    left join etats as deja
        on deja.code = suivants.code
        and deja.debut <= chemins.debut
        and coalesce(deja.fin, date '9999-12-31') > chemins.debut
    where len(evenements.suites) = 1
        or suivants.code = chemins.origine
        or (
            not (list_contains(evenements.suites, chemins.origine) and chemins.origine <> chemins.porteur)
            and (
                suivants.code = chemins.porteur
                or not list_contains(evenements.suites, chemins.porteur)
                or deja.code is null
            )
        )
)

select
    chemins.origine as code_commune,
    chemins.debut as valable_du,
    etats.fin as change_le,
    chemins.porteur as code_commune_actuelle,
    bool_or(chemins.est_fusion) as est_fusion
from chemins
inner join etats on etats.code = chemins.origine and etats.debut = chemins.debut
where chemins.fin is null
group by chemins.origine, chemins.debut, etats.fin, chemins.porteur
