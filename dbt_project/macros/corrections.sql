{#- Corrections of producers' errors: data of the seed ref_corrections, applied in one place. -#}

{#- The source tables that are corrected, by what columns their rows are known, and which columns may change. -#}
{% macro sources_corrigees() -%}
    {{ return({
        'drees.diagnostic_acces_urgences': {
            'cle': ['_feuille', 'code_commune'],
            'colonnes': ['libelle_commune'],
        },
    }) }}
{%- endmacro %}

{#- A source's rows, corrected where the value received is still the one that was known to be wrong. -#}
{% macro corrigee(producteur, table) -%}
    {%- set regle = sources_corrigees()[producteur ~ '.' ~ table] -%}
    (
        select
            recue.* replace (
                {%- for colonne in regle.colonnes %}
                case
                    when correction_{{ loop.index }}.source is null then recue.{{ colonne }}
                    else correction_{{ loop.index }}.nouvelle_valeur
                end as {{ colonne }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
        from {{ source(producteur, table) }} as recue
        {%- for colonne in regle.colonnes %}
        left join {{ ref('ref_corrections') }} as correction_{{ loop.index }}
            on correction_{{ loop.index }}.source = '{{ producteur }}.{{ table }}'
            and correction_{{ loop.index }}.colonne = '{{ colonne }}'
            and correction_{{ loop.index }}.cle = concat_ws('|', recue.{{ regle.cle | join(', recue.') }})
            and correction_{{ loop.index }}.ancienne_valeur is not distinct from recue.{{ colonne }}
        {%- endfor %}
    )
{%- endmacro %}
