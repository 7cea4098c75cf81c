-- Trend at each comparable point over the window that it closes: Mann-Kendall's test (exact up to ten
-- points, then normal with its correction for ties) and Theil-Sen's slope, in units a quarter.
with fenetres as (
    select
        code_indicateur,
        niveau,
        code_territoire,
        trimestre,
        list(rang_trimestre) over fenetre as rangs,
        list(valeur) over fenetre as valeurs,
        len(rangs) as nb_points
    from {{ ref('int_comparaisons__points') }}
    window fenetre as (
        partition by code_indicateur, niveau, code_territoire, version_methode
        order by rang_trimestre
        range between {{ var('fenetre_tendance_trimestres') }} - 1 preceding and current row
    )
),

pentes as (
    select
        code_indicateur,
        niveau,
        code_territoire,
        trimestre,
        nb_points,
        flatten(list_transform(
            range(1, nb_points + 1),
            lambda i: list_transform(
                range(1, i), lambda j: (valeurs[i] - valeurs[j]) / (rangs[i] - rangs[j])
            )
        )) as pentes,
        map_values(list_histogram(valeurs)) as ex_aequo
    from fenetres
    where nb_points >= {{ var('points_de_tendance') }}
),

-- S counts the pairs that rise less those that fall.
statistiques as (
    select
        *,
        list_sum(list_transform(pentes, lambda pente: sign(pente))) as s,
        list_median(pentes) as pente,
        (
            nb_points * (nb_points - 1) * (2 * nb_points + 5)
            - list_sum(list_transform(ex_aequo, lambda t: t * (t - 1) * (2 * t + 5)))
        ) / 18 as variance
    from pentes
)

select
    statistiques.code_indicateur,
    statistiques.niveau,
    statistiques.code_territoire,
    statistiques.trimestre,
    statistiques.nb_points::integer as nb_points,
    round(statistiques.pente, 9) as pente,
    case
        when abs(statistiques.s) < exact.s_critique then 'stable'
        when exact.s_critique is null
            and (statistiques.variance = 0
                or (abs(statistiques.s) - 1) / sqrt(statistiques.variance) < {{ var('z_tendance') }}) then 'stable'
        when statistiques.s > 0 then 'hausse'
        else 'baisse'
    end as tendance
from statistiques
left join {{ ref('ref_mann_kendall') }} as exact on exact.nb_points = statistiques.nb_points
