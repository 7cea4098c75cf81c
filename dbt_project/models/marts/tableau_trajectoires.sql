-- France against its dated targets, quarter by quarter: what was observed, and the even path that the target
-- asks for from the day it was set. The path is the target's; nothing between two observed points is made up.
with observes as (
    select
        series.code_indicateur,
        series.trimestre,
        calendrier.fin_trimestre,
        series.valeur
    from {{ ref('indicateurs_trimestriels') }} as series
    inner join {{ ref('int_trimestres__calendrier') }} as calendrier on calendrier.trimestre = series.trimestre
    where series.niveau = 'france' and series.valeur is not null and series.age_trimestres = 0
),

cibles as (
    select cibles.code_indicateur, cibles.valeur as cible, cibles.echeance, departs.fin_trimestre as depart,
        departs.valeur as valeur_depart
    from {{ ref('cibles') }} as cibles
    -- Before the first figure there is nothing to start from: the path then starts at that figure.
    inner join observes as departs on departs.code_indicateur = cibles.code_indicateur
    where cibles.niveau = 'france' and cibles.nature = 'valeur' and cibles.echeance is not null
    qualify row_number() over (
        partition by cibles.code_indicateur, cibles.echeance
        order by departs.fin_trimestre > cibles.date_base, abs(departs.fin_trimestre - cibles.date_base)
    ) = 1
),

trimestres as (
    select
        cibles.*,
        unnest(generate_series(
            date_trunc('quarter', cibles.depart), date_trunc('quarter', cibles.echeance), interval 3 month
        )) as debut_trimestre
    from cibles
    where cibles.echeance > cibles.depart
),

chemins as (
    select
        code_indicateur,
        last_day((debut_trimestre + interval 2 month)::date) as fin_trimestre,
        {{ nombre_ecrit('cible') }} || ' au ' || {{ date_ecrite('echeance') }} || ', chiffre visé' as serie,
        valeur_depart + (cible - valeur_depart) * (fin_trimestre - depart) / (echeance - depart) as valeur
    from trimestres
),

reunis as (
    select code_indicateur, fin_trimestre, 'France, chiffre observé' as serie, valeur, 'observé' as nature from observes
    where code_indicateur in (select code_indicateur from {{ ref('ref_mesures') }})
    union all by name
    select code_indicateur, fin_trimestre, serie, valeur, 'chemin' as nature from chemins
),

-- One axis for all the lines of an indicator: every quarter, empty where a line has no figure.
axes as (
    select
        code_indicateur,
        unnest(generate_series(
            date_trunc('quarter', min(fin_trimestre)), date_trunc('quarter', max(fin_trimestre)), interval 3 month
        )) as debut_trimestre
    from reunis
    group by code_indicateur
),

series as (
    select distinct code_indicateur, serie, nature from reunis
)

select
    series.code_indicateur,
    catalogue.libelle || ' (' || catalogue.unite || ')' as libelle_indicateur,
    {{ libelle_trimestre('last_day((axes.debut_trimestre + interval 2 month)::date)') }} as trimestre,
    series.serie,
    series.nature,
    round(reunis.valeur, 6) as valeur,
    mesures.ordre
from series
inner join axes on axes.code_indicateur = series.code_indicateur
inner join {{ source('registre', 'catalogue_indicateurs') }} as catalogue
    on catalogue.code_indicateur = series.code_indicateur
inner join {{ ref('ref_mesures') }} as mesures on mesures.code_indicateur = series.code_indicateur
left join reunis
    on reunis.code_indicateur = series.code_indicateur
    and reunis.serie = series.serie
    and date_trunc('quarter', reunis.fin_trimestre) = axes.debut_trimestre
order by series.code_indicateur, series.serie, axes.debut_trimestre
