-- The five départements most like each one: Euclidean distance between standardised variables that
-- access to care does not decide (size, age, rurality). Income is not landed.
with ages as (
    select
        code_departement,
        ln(population_nb) as log_population,
        100.0 * population_60_74_nb / population_nb as part_60_74_pct,
        100.0 * population_75_plus_nb / population_nb as part_75_plus_pct,
        100.0 * population_0_19_nb / population_nb as part_0_19_pct
    from {{ ref('stg_insee__estimation_population_gca') }}
    where population_nb > 0
    qualify row_number() over (partition by code_departement order by annee desc) = 1
),

-- Levels 5 to 7 of INSEE's grid are the rural communes.
densites as (
    select
        communes.code_departement,
        100.0 * sum(case when grille.niveau_densite >= 5 then communes.population_nb else 0 end)
        / nullif(sum(communes.population_nb), 0) as part_rurale_pct,
        100.0 * sum(case when grille.niveau_densite = 1 then communes.population_nb else 0 end)
        / nullif(sum(communes.population_nb), 0) as part_grands_centres_pct
    from {{ ref('int_geographie__communes') }} as communes
    inner join {{ ref('stg_insee__grille_densite') }} as grille on grille.code_commune = communes.code_commune
    where communes.type_commune = 'COM'
    group by communes.code_departement
),

variables as (
    unpivot (
        select ages.*, densites.part_rurale_pct, densites.part_grands_centres_pct
        from ages
        inner join densites on densites.code_departement = ages.code_departement
    )
    on log_population, part_60_74_pct, part_75_plus_pct, part_0_19_pct, part_rurale_pct, part_grands_centres_pct
    into name variable value valeur
),

reduites as (
    select
        code_departement,
        variable,
        (valeur - avg(valeur) over (partition by variable))
        / nullif(stddev_samp(valeur) over (partition by variable), 0) as ecart_reduit
    from variables
),

distances as (
    select
        ici.code_departement,
        autre.code_departement as code_semblable,
        round(sqrt(sum(power(ici.ecart_reduit - autre.ecart_reduit, 2))), 6) as distance
    from reduites as ici
    inner join reduites as autre
        on autre.variable = ici.variable
        and autre.code_departement <> ici.code_departement
    group by ici.code_departement, autre.code_departement
)

select
    code_departement,
    code_semblable,
    distance,
    row_number() over (partition by code_departement order by distance, code_semblable)::integer as rang
from distances
qualify rang <= {{ var('nb_semblables') }}
