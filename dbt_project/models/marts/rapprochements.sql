-- Published figures against our own arithmetic: the gap is shown, never corrected.
with indicateurs as (
    select *
    from {{ ref('indicateurs_trimestriels') }}
    where statut in ('observe', 'provisoire') and age_trimestres = 0
),

densites as (
    select
        'densite_recalculee' as rapprochement,
        code_indicateur,
        niveau,
        code_territoire,
        trimestre,
        valeur as valeur_publiee,
        round(100000 * numerateur / nullif(denominateur, 0), 6) as valeur_recalculee,
        case when niveau = 'departement' then {{ var('tolerance_densite_pct') }} end::double as tolerance_pct,
        case when niveau = 'france' then {{ var('tolerance_densite_france') }} end::double as tolerance
    from indicateurs
    where code_indicateur = 'densite_mg_liberaux' and denominateur is not null
),

-- Additive counts: a région and France are the sum of their départements.
sommes as (
    select
        'somme_des_departements' as rapprochement,
        totaux.code_indicateur,
        totaux.niveau,
        totaux.code_territoire,
        totaux.trimestre,
        max(totaux.valeur) as valeur_publiee,
        sum(parts.valeur) as valeur_recalculee,
        0::double as tolerance_pct,
        0::double as tolerance
    from indicateurs as totaux
    inner join {{ ref('ref_territoires') }} as departements
        on departements.niveau = 'departement'
        and (totaux.niveau = 'france' or departements.code_region = totaux.code_territoire)
    inner join indicateurs as parts
        on parts.niveau = 'departement'
        and parts.code_territoire = departements.code_territoire
        and parts.code_indicateur = totaux.code_indicateur
        and parts.trimestre = totaux.trimestre
    where totaux.niveau <> 'departement'
        and totaux.code_indicateur in ('effectif_mg_liberaux', 'nb_msp', 'nb_centres_sante')
    group by totaux.code_indicateur, totaux.niveau, totaux.code_territoire, totaux.trimestre
),

reunis as (
    select * from densites
    union all by name
    select * from sommes
)

select
    rapprochement,
    code_indicateur,
    niveau,
    code_territoire,
    trimestre,
    valeur_publiee,
    valeur_recalculee,
    round(valeur_recalculee - valeur_publiee, 6) as ecart,
    round(100 * (valeur_recalculee - valeur_publiee) / nullif(valeur_publiee, 0), 6) as ecart_pct,
    tolerance,
    tolerance_pct,
    coalesce(abs(valeur_recalculee - valeur_publiee) <= tolerance, true)
    and coalesce(abs(100 * (valeur_recalculee - valeur_publiee) / nullif(valeur_publiee, 0)) <= tolerance_pct, true)
        as conforme
from reunis
order by rapprochement, code_indicateur, niveau, code_territoire, trimestre
