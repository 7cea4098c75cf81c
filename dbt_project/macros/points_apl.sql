{#-
    Mean APL of a territory = Σ APL × standardised population / Σ standardised population.

    profession   that of int_apl__communes, which names the source too
    mesure       its column: the APL of all professionals, or of those of 65 or 62 at most
-#}
{% macro points_apl(code_indicateur, profession, mesure='apl') -%}
with departements as (
    select
        code_departement,
        date_reference,
        {{ somme_exacte(mesure ~ ' * population_standardisee_nb') }} as numerateur,
        {{ somme_exacte('population_standardisee_nb') }} as denominateur,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction,
        max(version_methode) as version_methode
    from {{ ref('int_apl__communes') }}
    where profession = '{{ profession }}' and {{ mesure }} is not null
    group by code_departement, date_reference
),

niveaux as (
    {{ niveaux_additifs(
        'departements', 'parts.numerateur / nullif(parts.denominateur, 0)', code_indicateur=code_indicateur) }}
)

{{ points_calcules('niveaux', 'drees.apl_' ~ profession) }}
{%- endmacro %}
