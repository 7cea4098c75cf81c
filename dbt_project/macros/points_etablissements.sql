{#- Number of open establishments of one FINESS category, at every level. -#}
{% macro points_etablissements(categorie) -%}
with departements as (
    select
        code_departement,
        date_reference,
        nombre_nb as numerateur,
        null::double as denominateur,
        edition,
        sha256,
        date_extraction,
        'v1' as version_methode
    from {{ ref('int_finess__categories') }}
    where code_categorie = '{{ categorie }}'
),

niveaux as (
    {{ niveaux_additifs('departements', 'parts.numerateur') }}
)

{{ points_calcules('niveaux', 'finess.etablissements') }}
{%- endmacro %}
