{#-
    One row per commune and year of an APL workbook; the last edition speaks.

    mesures   contract's column → name in the table: the unit is in the name, it is not the same for all
    The vintage is the sheet's (« APL 2023 »); a re-headed workbook has it in its edition only.
-#}
{% macro apl_par_commune(relation, mesures) -%}
with source as (
    select
        *,
        coalesce(
            try_cast(regexp_extract(_feuille, '(\d{4})\s*$', 1) as integer),
            year({{ date_edition('_edition') }})
        ) as annee
    from {{ relation }}
),

derniere as (
    select *
    from source
    {{ derniere_edition('annee, code_commune') }}
)

select
    code_commune,
    {{ departement_de_commune('code_commune') }} as code_departement,
    libelle_commune,
    annee,
    make_date(annee, 12, 31) as date_reference,
    {%- for colonne, nom in mesures.items() %}
    {{ nombre(colonne) }} as {{ nom }},
    {%- endfor %}
    {{ provenance() }}
from derniere
{%- endmacro %}

{#- Professions counted in full-time equivalents, which are not the consultations of the physicians. -#}
{% macro apl_en_etp(table) -%}
{{ apl_par_commune(source('drees', table), {
    'apl': 'apl_etp_pour_100k',
    'population_standardisee': 'population_standardisee_nb',
    'population_totale': 'population_nb',
}) }}
{%- endmacro %}
