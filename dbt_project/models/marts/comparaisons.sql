-- Each département beside its région, France and the others, at the same quarter.
with valeurs as (
    select
        indicateurs.*,
        territoires.code_region,
        catalogue.sens
    from {{ ref('indicateurs_trimestriels') }} as indicateurs
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
        count(*) over (partition by code_indicateur, niveau, trimestre) as nb_classes,
        median(valeur) over (partition by code_indicateur, niveau, trimestre) as mediane
    from valeurs
    where valeur is not null and niveau <> 'france'
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
    classes.mediane,
    -- Quarter of the ranking, 1 for the most favourable.
    (1 + (4 * (classes.rang - 1)) // classes.nb_classes)::integer as quartile,
    classes.rang::integer as rang,
    classes.nb_classes::integer as nb_classes,
    (rangs_precedents.rang_precedent - classes.rang)::integer as evolution_rang
from valeurs
left join classes using (code_indicateur, niveau, code_territoire, trimestre)
left join rangs_precedents using (code_indicateur, niveau, code_territoire, trimestre)
left join valeurs as regions
    on regions.code_indicateur = valeurs.code_indicateur
    and regions.trimestre = valeurs.trimestre
    and regions.niveau = 'region'
    and regions.code_territoire = valeurs.code_region
left join valeurs as france
    on france.code_indicateur = valeurs.code_indicateur
    and france.trimestre = valeurs.trimestre
    and france.niveau = 'france'
where valeurs.niveau <> 'france'
order by valeurs.code_indicateur, valeurs.niveau, valeurs.code_territoire, valeurs.trimestre
