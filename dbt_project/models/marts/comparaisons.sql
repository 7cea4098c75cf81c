-- Each territory beside its région, France, the others and its target, at the same quarter.
with valeurs as (
    select
        indicateurs.*,
        territoires.code_region,
        catalogue.sens
    from {{ ref('int_indicateurs__series') }} as indicateurs
    inner join {{ ref('ref_territoires') }} as territoires
        on territoires.niveau = indicateurs.niveau
        and territoires.code_territoire = indicateurs.code_territoire
    inner join {{ source('registre', 'catalogue_indicateurs') }} as catalogue
        on catalogue.code_indicateur = indicateurs.code_indicateur
),

-- Rank 1 is the most favourable value: the highest, or the lowest where less is better.
classes as (
    select
        code_indicateur,
        niveau,
        code_territoire,
        trimestre,
        rank() over (
            partition by code_indicateur, niveau, trimestre
            order by case when sens = 'baisse' then valeur else -valeur end
        ) as rang,
        count(*) over (partition by code_indicateur, niveau, trimestre) as nb_classes
    from valeurs
    where valeur is not null and niveau <> 'france' and sens <> 'neutre'
),

medianes as (
    select code_indicateur, niveau, trimestre, median(valeur) as mediane
    from valeurs
    where niveau <> 'france'
    group by code_indicateur, niveau, trimestre
),

-- The middle of the five départements most like each one.
semblables as (
    select
        autres.code_indicateur,
        -- A column of the key: a condition on one side only would compare every row with every other.
        autres.niveau,
        ici.code_departement,
        autres.trimestre,
        median(autres.valeur) as mediane_semblables
    from {{ ref('int_comparaisons__semblables') }} as ici
    inner join valeurs as autres
        on autres.niveau = 'departement'
        and autres.code_territoire = ici.code_semblable
    group by autres.code_indicateur, autres.niveau, ici.code_departement, autres.trimestre
),

-- The trend of the last comparable point, which a carried figure repeats.
tendances as (
    select tendances.*, points.fin_trimestre
    from {{ ref('int_comparaisons__tendances') }} as tendances
    inner join {{ ref('int_comparaisons__points') }} as points
        using (code_indicateur, niveau, code_territoire, trimestre)
),

-- The rank at the previous comparable point, where there is one.
rangs_precedents as (
    select
        valeurs.code_indicateur,
        valeurs.niveau,
        valeurs.code_territoire,
        valeurs.trimestre,
        precedents.rang as rang_precedent
    from valeurs
    inner join classes as precedents
        on precedents.code_indicateur = valeurs.code_indicateur
        and precedents.niveau = valeurs.niveau
        and precedents.code_territoire = valeurs.code_territoire
        and precedents.trimestre
        = {{ libelle_trimestre(fin_de_trimestre_proche('valeurs.date_reference_precedente')) }}
    where valeurs.date_reference_precedente is not null
)

select
    valeurs.code_indicateur,
    valeurs.niveau,
    valeurs.code_territoire,
    valeurs.trimestre,
    case when valeurs.niveau = 'departement' then regions.valeur end as valeur_region,
    france.valeur as valeur_france,
    medianes.mediane,
    semblables.mediane_semblables,
    -- Quarter of the ranking, 1 for the most favourable.
    (1 + (4 * (classes.rang - 1)) // classes.nb_classes)::integer as quartile,
    classes.rang::integer as rang,
    classes.nb_classes::integer as nb_classes,
    (rangs_precedents.rang_precedent - classes.rang)::integer as evolution_rang,
    positions.intervalle_bas,
    positions.intervalle_haut,
    case when valeurs.niveau <> 'france' and valeurs.valeur is not null then positions.position end as position,
    positions.motif_position,
    case when valeurs.valeur is not null then coalesce(tendances.tendance, 'non_calculable') end as tendance,
    case when valeurs.valeur is not null then tendances.nb_points end as nb_points_tendance,
    cibles.cible,
    cibles.echeance,
    cibles.distance_cible,
    cibles.progression_pct,
    cibles.atteinte,
    cibles.date_atteinte_estimee,
    cibles.rythme_necessaire,
    cibles.centile_rythme
from valeurs
left join classes using (code_indicateur, niveau, code_territoire, trimestre)
left join rangs_precedents using (code_indicateur, niveau, code_territoire, trimestre)
left join medianes using (code_indicateur, niveau, trimestre)
left join {{ ref('int_comparaisons__positions') }} as positions
    using (code_indicateur, niveau, code_territoire, trimestre)
left join {{ ref('int_comparaisons__cibles') }} as cibles
    using (code_indicateur, niveau, code_territoire, trimestre)
left join semblables
    on semblables.code_indicateur = valeurs.code_indicateur
    and semblables.niveau = valeurs.niveau
    and semblables.trimestre = valeurs.trimestre
    and semblables.code_departement = valeurs.code_territoire
asof left join tendances
    on tendances.code_indicateur = valeurs.code_indicateur
    and tendances.niveau = valeurs.niveau
    and tendances.code_territoire = valeurs.code_territoire
    and valeurs.fin_trimestre >= tendances.fin_trimestre
left join valeurs as regions
    on regions.code_indicateur = valeurs.code_indicateur
    and regions.trimestre = valeurs.trimestre
    and regions.niveau = 'region'
    and regions.code_territoire = valeurs.code_region
left join valeurs as france
    on france.code_indicateur = valeurs.code_indicateur
    and france.trimestre = valeurs.trimestre
    and france.niveau = 'france'
order by valeurs.code_indicateur, valeurs.niveau, valeurs.code_territoire, valeurs.trimestre
