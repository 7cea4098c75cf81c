{#-
    Inhabitants of the communes where a condition holds: their share (%), or their number.

    communes        name of a CTE, one row per commune and date: code_departement, date_reference,
                    population_nb, est_comptee, edition, sha256, date_extraction, version_methode
    est_comptee     true, false, or null where it is not known: a commune of unknown condition is not
                    counted as a « no ». While an inhabited one is there, its département has no figure,
                    nor have its région and France.
    en_nombre       the number in place of the share
-#}
{% macro points_population(communes, code_indicateur, source, en_nombre=false) -%}
departements as (
    select
        code_departement,
        date_reference,
        {{ somme_exacte('case when est_comptee then population_nb else 0 end') }} as numerateur,
        {{ somme_exacte('population_nb') }} as denominateur,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction,
        max(version_methode) as version_methode
    from {{ communes }}
    group by code_departement, date_reference
    having bool_and(population_nb is not null and (est_comptee is not null or population_nb = 0))
),

niveaux as (
    {{ niveaux_additifs(
        'departements',
        'parts.numerateur' if en_nombre else '100 * parts.numerateur / nullif(parts.denominateur, 0)',
        code_indicateur=code_indicateur) }}
)

{{ points_calcules('niveaux', source) }}
{%- endmacro %}

{#- Inhabitants (total population) of communes whose APL is strictly under the threshold. -#}
{% macro points_population_apl(code_indicateur, en_nombre=false) -%}
with communes as (
    select
        *,
        population_totale_nb as population_nb,
        apl < {{ var('seuil_apl') }} as est_comptee
    from {{ ref('int_apl__communes') }}
    where profession = 'medecins_generalistes'
),

{{ points_population('communes', code_indicateur, 'drees.apl_medecins_generalistes', en_nombre=en_nombre) }}
{%- endmacro %}

{#- Inhabitants of communes that are in a zone at the end of a quarter. -#}
{% macro points_population_zone(code_indicateur, zone) -%}
with communes as (
    select *, zone = '{{ zone }}' as est_comptee
    from {{ ref('int_zonage__communes') }}
),

{{ points_population('communes', code_indicateur, 'drees.zonage_medecins_communes') }}
{%- endmacro %}
