-- How many inhabitants live at which accessibility: the distribution that a mean hides, by vintage. Half a
-- consultation per class; the threshold of 2,5 is the bound between two of them.
{%- set bas, haut = 1.0, 6.0 %}
with communes as (
    select
        apl.code_departement,
        departements.code_region,
        apl.date_reference,
        least(greatest(floor(2 * apl.apl) / 2, {{ bas }} - 0.5), {{ haut }}) as borne,
        apl.population_totale_nb
    from {{ ref('int_apl__communes') }} as apl
    inner join {{ ref('ref_territoires') }} as departements
        on departements.niveau = 'departement' and departements.code_territoire = apl.code_departement
    where apl.profession = 'medecins_generalistes'
),

classes as (
    select
        case
            when grouping(code_departement) = 0 then 'departement'
            when grouping(code_region) = 0 then 'region'
            else 'france'
        end as niveau,
        coalesce(code_departement, code_region, 'FR') as code_territoire,
        date_reference,
        borne,
        count(*)::integer as nb_communes,
        {{ somme_exacte('population_totale_nb') }} as population
    from communes
    group by
        grouping sets (
            (code_departement, date_reference, borne), (code_region, date_reference, borne), (date_reference, borne)
        )
),

territoires as (
    select distinct niveau, code_territoire, date_reference from classes
),

bornes as (
    select unnest(generate_series({{ (2 * bas - 1) | int }}, {{ (2 * haut) | int }})) / 2 as borne
),

-- Every class of every territory: a class without inhabitants is a zero that was counted.
completes as (
    select
        territoires.niveau,
        territoires.code_territoire,
        territoires.date_reference,
        bornes.borne::double as borne,
        coalesce(classes.nb_communes, 0)::integer as nb_communes,
        coalesce(classes.population, 0) as population
    from territoires
    cross join bornes
    left join classes
        on classes.niveau = territoires.niveau
        and classes.code_territoire = territoires.code_territoire
        and classes.date_reference = territoires.date_reference
        and classes.borne = bornes.borne
)

select
    completes.niveau,
    completes.code_territoire,
    completes.date_reference,
    completes.borne as borne_basse,
    case
        when completes.borne < {{ bas }} then 'moins de {{ bas | int }}'
        when completes.borne >= {{ haut }} then '{{ haut | int }} et plus'
        else {{ nombre_ecrit('completes.borne') }} || ' à ' || {{ nombre_ecrit('completes.borne + 0.5') }}
    end as classe,
    completes.borne < {{ var('seuil_apl') }} as est_sous_le_seuil,
    completes.nb_communes,
    completes.population,
    round(
        100 * completes.population / sum(completes.population) over (
            partition by completes.niveau, completes.code_territoire, completes.date_reference
        ), 6
    ) as part_pct,
    completes.date_reference = max(completes.date_reference) over () as est_dernier_millesime
from completes
order by completes.niveau, completes.code_territoire, completes.date_reference, completes.borne
