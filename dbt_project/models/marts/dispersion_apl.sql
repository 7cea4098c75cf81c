-- How the APL to general practitioners is spread between the communes of a département, by vintage.
{%- set departement = 'partition by apl.code_departement, apl.date_reference' %}
{%- set jusqu_ici = departement ~ ' order by apl.apl, apl.code_commune rows unbounded preceding' %}
with communes as (
    select
        apl.*,
        -- The producer leaves arrondissements without a name.
        coalesce(apl.libelle_commune, cog.libelle_commune) as nom_commune,
        {{ somme_exacte('apl.population_totale_nb', fenetre=jusqu_ici) }} as population_cumulee,
        {{ somme_exacte('apl.population_totale_nb', fenetre=departement) }} as population_departement
    from {{ ref('int_apl__communes') }} as apl
    left join {{ ref('int_geographie__communes') }} as cog on cog.code_commune = apl.code_commune
    where apl.profession = 'medecins_generalistes' and apl.population_totale_nb > 0
)

select
    communes.code_departement as code_territoire,
    any_value(territoires.libelle_territoire) as libelle_territoire,
    communes.date_reference,
    count(*)::integer as nb_communes,
    max(communes.population_departement) as population,
    -- The smallest APL under which (or at which) that share of the inhabitants live.
    {%- for nom, part in {'apl_p10': 0.1, 'apl_mediane': 0.5, 'apl_p90': 0.9}.items() %}
    min(communes.apl) filter (
        communes.population_cumulee >= {{ part }} * communes.population_departement
    ) as {{ nom }},
    {%- endfor %}
    round(
        100 * {{ somme_exacte(
            'case when communes.apl < ' ~ var('seuil_apl') ~ ' then communes.population_totale_nb else 0 end') }}
        / max(communes.population_departement),
        9
    ) as part_pop_apl_inf_2_5,
    {%- for extreme, ordre in {'min': 'communes.apl', 'max': '-communes.apl'}.items() %}
    {{ extreme }}(communes.apl) as apl_{{ extreme }},
    arg_min(communes.code_commune, ({{ ordre }}, communes.code_commune)) as code_commune_{{ extreme }},
    arg_min(communes.nom_commune, ({{ ordre }}, communes.code_commune)) as libelle_commune_{{ extreme }},
    {%- endfor %}
    max(communes.edition) as edition,
    max(communes.sha256) as sha256,
    max(communes.date_extraction) as date_extraction,
    max(communes.version_methode) as version_methode
from communes
inner join {{ ref('ref_territoires') }} as territoires
    on territoires.niveau = 'departement'
    and territoires.code_territoire = communes.code_departement
group by communes.code_departement, communes.date_reference
