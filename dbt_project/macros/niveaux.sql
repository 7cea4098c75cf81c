{#-
    Sum that does not depend on the order of threads: the terms are added as decimals (nine of them).
    Rounding a sum of doubles is not enough: a tie goes up one night and down the next.

    fenetre   what stands in `over (…)`, where the sum is that of a window
-#}
{% macro somme_exacte(expr, fenetre=none) -%}
    sum(({{ expr }})::decimal(28, 9)){% if fenetre %} over ({{ fenetre }}){% endif %}::double
{%- endmacro %}

{#-
    Départements, régions and France of an additive quantity: numerators and denominators are summed,
    the value is their ratio (a mean of means is never computed).

    relation   name of a CTE (code_departement, date_reference, numerateur, denominateur, edition,
               sha256, date_extraction, version_methode), one row per département and date
    valeur     expression of numerateur and denominateur
    code_indicateur  its catalogue entry says which territories the source does not cover by definition;
               a région or France exists only when all its other départements are there

    The values are rounded to nine decimals.
-#}
{% macro niveaux_additifs(relation, valeur, code_indicateur=none) -%}
{%- set hors_champ = territoires_hors_champ(code_indicateur) if code_indicateur else '[]::varchar[]' -%}
    select
        territoires.niveau,
        territoires.code_territoire,
        parts.date_reference,
        parts.numerateur,
        parts.denominateur,
        round({{ valeur }}, 9) as valeur,
        parts.edition,
        parts.sha256,
        parts.date_extraction,
        parts.version_methode
    from (
        select
            case grouping(departements.code_region, departements.code_territoire)
                when 0 then 'departement' when 1 then 'region' else 'france'
            end as niveau,
            case grouping(departements.code_region, departements.code_territoire)
                when 0 then departements.code_territoire when 1 then departements.code_region else 'FR'
            end as code_territoire,
            source.date_reference,
            round({{ somme_exacte('source.numerateur') }}, 6) as numerateur,
            round({{ somme_exacte('source.denominateur') }}, 6) as denominateur,
            count(distinct departements.code_territoire) as nb_departements,
            max(source.edition) as edition,
            arg_max(source.sha256, (source.edition, source.sha256)) as sha256,
            max(source.date_extraction) as date_extraction,
            max(source.version_methode) as version_methode,
            {{ hors_champ }} as hors_champ
        from {{ relation }} as source
        inner join {{ ref('ref_territoires') }} as departements
            on departements.niveau = 'departement'
            and departements.code_territoire = source.code_departement
        {%- if code_indicateur %}
        -- A département out of scope stands for no other, even where the source has rows of it.
        where not list_contains({{ hors_champ }}, 'departement/' || departements.code_territoire)
        {%- endif %}
        group by
            source.date_reference,
            grouping sets (
                (departements.code_region, departements.code_territoire), (departements.code_region), ()
            )
    ) as parts
    inner join {{ ref('int_territoires__effectifs') }} as territoires
        on territoires.niveau = parts.niveau
        and territoires.code_territoire = parts.code_territoire
    where parts.nb_departements
        >= {{ nb_departements_couverts('territoires', 'parts.hors_champ') }}
{%- endmacro %}

{#- The territories that an indicator's sources do not cover by definition, as « niveau/code ». -#}
{% macro territoires_hors_champ(code_indicateur) -%}
    coalesce(
        (
            select any_value(catalogue.hors_champ)
            from {{ source('registre', 'catalogue_indicateurs') }} as catalogue
            where catalogue.code_indicateur = '{{ code_indicateur }}'
        ),
        []
    )
{%- endmacro %}

{#- Of a row of int_territoires__effectifs, how many départements an indicator speaks of: all but those out of its scope. -#}
{% macro nb_departements_couverts(territoires, hors_champ) -%}
    {{ territoires }}.nb_departements - len(list_intersect(
        list_transform({{ territoires }}.codes_departements, lambda code: 'departement/' || code),
        {{ hors_champ }}
    ))
{%- endmacro %}
