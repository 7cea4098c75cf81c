{#- Tables of the Assurance Maladie: territories × periods, figures beside their masks. -#}

{#- A label without accents, case or punctuation: what two spellings of one label have in common. -#}
{% macro cle_libelle(colonne) -%}
    trim(regexp_replace(lower(strip_accents({{ colonne }})), '[^a-z0-9]+', ' ', 'g'))
{%- endmacro %}

{#- The code that a reference seed gives to a label, by its key; null when unknown. -#}
{% macro code_du_libelle(colonne, reference, code) -%}
    (select {{ code }} from {{ ref(reference) }} where cle_libelle = {{ cle_libelle(colonne) }})
{%- endmacro %}

{% macro code_de_profession(colonne) -%}
    {{ code_du_libelle(colonne, 'ref_professions_cnam', 'code_profession') }}
{%- endmacro %}

{% macro fin_d_annee(annee) -%}
    make_date(left({{ annee }}, 4)::integer, 12, 31)
{%- endmacro %}

{#- The reason why a cell holds no figure. A number column has no sign for a mask: an empty cell is one. -#}
{% macro motif_sans_chiffre(colonne) -%}
    case when {{ nombre(colonne) }} is null then coalesce({{ motif_masque(colonne) }}, 'NC') end
{%- endmacro %}

{#-
    One table of the Observatoire de l'accès aux soins, annual or infra-annual (its name says which).

    mesures      {name of the typed column: column of the file}; the reason of the first one's mask is
                 `motif`, of the others `motif_<name>`
    professions  true when the rows are also by profession: the label and its code
    evolution    true when the file says the change over a year, in per cent
-#}
{% macro observatoire(table, mesures, professions=false, evolution=false) -%}
{%- set infra = table.endswith('_infra_annuelle') -%}
{%- set cle = ['date' if infra else 'annee', 'region', 'departement'] + (['profession_sante'] if professions else []) -%}
with source as (
    select *
    from {{ source('ameli', table) }}
    {{ derniere_edition(cle | join(', ')) }}
)

select
    {{ niveau_cnam('region', 'departement') }} as niveau,
    {{ code_territoire_cnam('region', 'departement') }} as code_territoire,
    {%- if professions %}
    profession_sante,
    {{ code_de_profession('profession_sante') }} as code_profession,
    {%- endif %}
    {{ 'date::date' if infra else fin_d_annee('annee') }} as date_reference,
    {%- for mesure, colonne in mesures.items() %}
    {{ nombre(colonne) }} as {{ mesure }},
    {{ motif_sans_chiffre(colonne) }} as {{ 'motif' if loop.first else 'motif_' ~ mesure }},
    {%- endfor %}
    {%- if evolution %}
    {{ nombre('taux_evolution_annuel') }} as evolution_annuelle_pct,
    {%- endif %}
    {{ provenance() }}
from source
{%- endmacro %}

{#- Liberal professionals of one profession on 31 December, all ages, both sexes; a mask hides its figure. -#}
{% macro effectifs_liberaux(profession) -%}
select
    niveau,
    code_territoire,
    date_reference,
    case when motif_effectif is null then effectif_nb end as effectif_nb,
    case when motif_densite is null then densite_pour_100k end as densite_pour_100k,
    motif_effectif,
    motif_densite,
    edition,
    sha256,
    date_extraction
from {{ ref('stg_ameli__demographie_effectifs_densites') }}
where code_profession = '{{ profession }}'
    and classe_age = 'tout_age'
    and libelle_sexe = 'tout sexe'
    and niveau <> 'inconnu'
{%- endmacro %}
