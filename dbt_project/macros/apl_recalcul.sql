{#-
    The APL by the two-step floating catchment, for simulations: never the APL of the DREES, which is read
    from its workbook.

    communes    name of a relation: code_commune, population_standardisee_nb, offre (any unit of supply)
    distances   name of a relation: code_commune_habitants, code_commune_medecins, minutes by car; a pair
                that is not there is out of reach, and a commune reaches itself by its own row (0 minutes)
    version     of the weights, in param_apl

    Gives one row per commune: offre_par_habitant (R: its own supply per weighted inhabitant in reach, 0 when
    there is none: the supply is then lost), apl (Σ over the communes in reach of weight × R), est_offre_perdue.
    Σ population × apl = Σ offre that is not lost.
-#}
{% macro apl_recalcul(communes, distances, version) -%}
with trajets as (
    select
        distances.code_commune_habitants,
        distances.code_commune_medecins,
        poids.poids
    from {{ distances }} as distances
    inner join {{ ref('param_apl') }} as poids
        on poids.version = '{{ version }}'
        and distances.minutes >= poids.borne_min
        and distances.minutes < poids.borne_max
),

-- First step: what each commune of doctors has, for those who can reach it.
patientes as (
    select
        trajets.code_commune_medecins as code_commune,
        {{ somme_exacte('habitants.population_standardisee_nb * trajets.poids') }} as population_ponderee
    from trajets
    inner join {{ communes }} as habitants on habitants.code_commune = trajets.code_commune_habitants
    group by trajets.code_commune_medecins
),

offres as (
    select
        communes.code_commune,
        communes.population_standardisee_nb,
        communes.offre,
        coalesce(communes.offre / nullif(patientes.population_ponderee, 0), 0) as offre_par_habitant,
        communes.offre > 0 and coalesce(patientes.population_ponderee, 0) = 0 as est_offre_perdue
    from {{ communes }} as communes
    left join patientes on patientes.code_commune = communes.code_commune
),

-- Second step: what each commune of inhabitants can reach. Ordered, so that the sum is the same every night.
accessibles as (
    select
        trajets.code_commune_habitants as code_commune,
        sum(trajets.poids * offres.offre_par_habitant order by trajets.code_commune_medecins) as apl
    from trajets
    inner join offres on offres.code_commune = trajets.code_commune_medecins
    group by trajets.code_commune_habitants
)

select
    'apl_mg_recalcul' as code,
    '{{ version }}' as version,
    offres.code_commune,
    offres.population_standardisee_nb,
    offres.offre,
    offres.offre_par_habitant,
    coalesce(accessibles.apl, 0) as apl,
    offres.est_offre_perdue
from offres
left join accessibles on accessibles.code_commune = offres.code_commune
{%- endmacro %}

{#-
    Inhabitants weighted by their need of care: P = Σ n × k by age class, then rescaled so that there are as
    many as inhabitants in the whole.

    relation   name of a relation: <cles>, age (the lowest of its class), population_nb; its age classes are at least as fine as
               the weights'
    cles       columns of a territory
    ensemble   columns within which the total is kept (a date)
-#}
{% macro population_standardisee(relation, cles, ensemble, version) -%}
select
    {{ cles }},
    {{ ensemble }},
    habitants as population_nb,
    round(
        besoins * sum(habitants) over (partition by {{ ensemble }})
        / nullif({{ somme_exacte('besoins', fenetre='partition by ' ~ ensemble) }}, 0),
        6
    ) as population_standardisee_nb
from (
    select
        {{ cles }},
        {{ ensemble }},
        {{ somme_exacte('population_nb') }} as habitants,
        {{ somme_exacte('population_nb * poids') }} as besoins
    from {{ relation }}
    inner join {{ ref('param_apl_ages') }} as poids
        on poids.version = '{{ version }}'
        and age between poids.age_min and coalesce(poids.age_max, 200)
    group by {{ cles }}, {{ ensemble }}
)
{%- endmacro %}
