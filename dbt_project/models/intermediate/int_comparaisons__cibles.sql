-- Each figure that has a target: how far it is, what was done, when it would be met at the present pace,
-- and whether départements have ever had the pace that it asks for.
with valeurs as (
    select series.*, catalogue.sens, catalogue.nature
    from {{ ref('int_indicateurs__series') }} as series
    inner join {{ source('registre', 'catalogue_indicateurs') }} as catalogue
        on catalogue.code_indicateur = series.code_indicateur
    where series.valeur is not null
),

-- Of several targets the next one due speaks; when all are past, the last one.
choisies as (
    select
        valeurs.*,
        cibles.nature as nature_cible,
        cibles.valeur as valeur_cible,
        cibles.echeance,
        cibles.date_base
    from valeurs
    inner join {{ ref('cibles') }} as cibles
        on cibles.code_indicateur = valeurs.code_indicateur
        and cibles.niveau = valeurs.niveau
        and cibles.code_territoire in (valeurs.code_territoire, '*')
    qualify row_number() over (
        partition by valeurs.code_indicateur, valeurs.niveau, valeurs.code_territoire, valeurs.trimestre
        order by
            coalesce(cibles.echeance, valeurs.fin_trimestre) < valeurs.fin_trimestre,
            case when cibles.echeance >= valeurs.fin_trimestre then cibles.echeance end nulls last,
            cibles.echeance desc nulls last
    ) = 1
),

-- Where the territory stood when the target was set: the last figure of that day.
bases as (
    select
        choisies.*,
        departs.valeur as valeur_base,
        departs.date_reference as date_reference_base
    from choisies
    asof left join valeurs as departs
        on departs.code_indicateur = choisies.code_indicateur
        and departs.niveau = choisies.niveau
        and departs.code_territoire = choisies.code_territoire
        and choisies.date_base >= departs.fin_trimestre
),

-- A target that is a pace moves with the date of the figure.
atteindre as (
    select
        *,
        case nature_cible
            when 'valeur' then valeur_cible
            when 'evolution_annuelle_pct' then
                valeur_base
                * power(1 + valeur_cible / 100, greatest(date_reference - date_reference_base, 0) / 365.25)
        end as cible,
        case when sens = 'baisse' then -1 else 1 end as signe
    from bases
),

-- The pace that is left to hold until the date: in points for a share, else in per cent a year.
exigences as (
    select
        *,
        signe * (cible - valeur) as distance_cible,
        case
            when nature_cible = 'evolution_annuelle_pct' then valeur_cible
            when echeance <= date_reference then null
            when nature in ('proportion', 'part_territoriale')
                then (cible - valeur) / ((echeance - date_reference) / 365.25)
            when valeur > 0 and cible > 0
                then 100 * (power(cible / valeur, 365.25 / (echeance - date_reference)) - 1)
        end as rythme_necessaire
    from atteindre
),

paces as (
    select
        catalogue.code_indicateur,
        list(case when catalogue.sens = 'baisse' then -rythmes.rythme_annuel else rythmes.rythme_annuel end) as rythmes
    from {{ ref('int_comparaisons__rythmes') }} as rythmes
    inner join {{ source('registre', 'catalogue_indicateurs') }} as catalogue
        on catalogue.code_indicateur = rythmes.code_indicateur
    where rythmes.niveau = 'departement' and rythmes.rythme_annuel is not null
    group by catalogue.code_indicateur
),

-- The trend of the last comparable point, which the figure repeats when it is carried.
tendances as (
    select tendances.*, points.fin_trimestre
    from {{ ref('int_comparaisons__tendances') }} as tendances
    inner join {{ ref('int_comparaisons__points') }} as points
        using (code_indicateur, niveau, code_territoire, trimestre)
)

select
    exigences.code_indicateur,
    exigences.niveau,
    exigences.code_territoire,
    exigences.trimestre,
    round(exigences.cible, 9) as cible,
    exigences.echeance,
    round(exigences.distance_cible, 9) as distance_cible,
    -- Adding zero turns « -0 » into 0.
    round(
        100 * (exigences.valeur - exigences.valeur_base) / nullif(exigences.cible - exigences.valeur_base, 0), 9
    ) + 0 as progression_pct,
    case
        when exigences.distance_cible <= 0 then 'atteinte'
        -- Further than the horizon, a date would claim more than a trend can say.
        when tendances.tendance in ('hausse', 'baisse')
            and (exigences.cible - exigences.valeur) / nullif(tendances.pente, 0)
            between 0 and 4 * {{ var('horizon_cible_ans') }}
            then 'estimee'
        else 'non_calculable'
    end as atteinte,
    case
        when atteinte = 'estimee' then
            exigences.date_reference
            + ceil(91.3125 * (exigences.cible - exigences.valeur) / tendances.pente)::integer
    end as date_atteinte_estimee,
    round(exigences.rythme_necessaire, 9) as rythme_necessaire,
    case
        when exigences.distance_cible > 0 and exigences.rythme_necessaire is not null then round(
            100.0 * len(list_filter(
                paces.rythmes, lambda pace: pace < exigences.signe * exigences.rythme_necessaire
            )) / nullif(len(paces.rythmes), 0), 1
        )
    end as centile_rythme
from exigences
left join paces on paces.code_indicateur = exigences.code_indicateur
asof left join tendances
    on tendances.code_indicateur = exigences.code_indicateur
    and tendances.niveau = exigences.niveau
    and tendances.code_territoire = exigences.code_territoire
    and exigences.fin_trimestre >= tendances.fin_trimestre
