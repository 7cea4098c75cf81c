-- Liberal general practitioners of each snapshot of the RPPS, one row per quarter × département × person.
-- A person whose place is not known at all has one row, without a département; one who only practises outside
-- the 101 has none.
with instantanes as (
    select distinct fin_trimestre, date_stock
    from {{ ref('int_rpps__instantanes') }}
),

presences as (
    select distinct
        instantanes.fin_trimestre,
        activites.code_departement,
        activites.pseudonyme
    from {{ ref('stg_ans__ps_libre_acces_personne_activite') }} as activites
    inner join instantanes on instantanes.date_stock = activites.date_stock
    where activites.est_medecin_generaliste
        and activites.est_liberal
        and (
            activites.code_departement is not null
            or activites.motif_sans_departement in ('code_absent', 'code_inconnu')
        )
)

select *
from presences
qualify code_departement is not null or count(code_departement) over (partition by fin_trimestre, pseudonyme) = 0
