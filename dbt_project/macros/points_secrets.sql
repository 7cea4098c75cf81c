{#-
    The points that our own confidentiality masks today, by the quarter end that they speak for: what was published of
    them before is not given again. Gives code_indicateur, niveau, code_territoire, fin_trimestre.
-#}
{% macro points_secrets() -%}
select distinct
    code_indicateur,
    niveau,
    code_territoire,
    {{ fin_de_trimestre_proche('date_reference') }} as fin_trimestre
from {{ ref('int_indicateurs__masques') }}
{%- endmacro %}

{#- Joins to ``lignes`` the secret point, under the name ``alias``, that its column ``jour`` speaks for; null where none. -#}
{% macro joindre_secrets(alias, lignes, jour) -%}
left join secrets as {{ alias }}
        on {{ alias }}.code_indicateur = {{ lignes }}.code_indicateur
        and {{ alias }}.niveau = {{ lignes }}.niveau
        and {{ alias }}.code_territoire = {{ lignes }}.code_territoire
        and {{ alias }}.fin_trimestre = {{ fin_de_trimestre_proche(lignes ~ '.' ~ jour) }}
{%- endmacro %}
