{#- How text becomes figures, in one place. -#}

{#- « 1 577 », « 4,2 », « 4.2 » → double; a sentinel or anything else that is no number → null. -#}
{% macro nombre(colonne) -%}
    try_cast(replace(regexp_replace({{ colonne }}, '[\s\x{00A0}\x{202F}]', '', 'g'), ',', '.') as double)
{%- endmacro %}

{#- The reason of a masked cell: NS, NC or ND; null for a figure. -#}
{% macro motif_masque(colonne) -%}
    case when {{ colonne }} in ('NS', 'NC', 'ND') then {{ colonne }} end
{%- endmacro %}

{#- The level of a row of the Assurance Maladie: 99/999 France, xx/999 région, inconnu kept apart. -#}
{% macro niveau_cnam(region, departement) -%}
    case
        when {{ region }} = 'inconnu' or {{ departement }} = 'inconnu' then 'inconnu'
        when {{ region }} = '99' then 'france'
        when {{ departement }} = '999' then 'region'
        else 'departement'
    end
{%- endmacro %}

{% macro code_territoire_cnam(region, departement) -%}
    case {{ niveau_cnam(region, departement) }}
        when 'france' then 'FR'
        when 'region' then {{ region }}
        when 'departement' then {{ departement }}
        else 'inconnu'
    end
{%- endmacro %}

{#- The département of a commune's code: three characters overseas. -#}
{% macro departement_de_commune(colonne) -%}
    case when {{ colonne }} like '97%' then left({{ colonne }}, 3) else left({{ colonne }}, 2) end
{%- endmacro %}

{#- Where a row comes from, under the names of the marts. -#}
{% macro provenance() -%}
    _edition as edition,
    _sha256 as sha256,
    _date_extraction as date_extraction
{%- endmacro %}

{#- Of the same key in several editions, the most recent one speaks. -#}
{% macro derniere_edition(cle) -%}
    qualify row_number() over (partition by {{ cle }} order by _edition desc, _date_extraction desc) = 1
{%- endmacro %}

{#- The département of a FINESS number: 9701 to 9704 and 98 (Mayotte) overseas; elsewhere (9705…) none of the 101. -#}
{% macro departement_de_finess(colonne) -%}
    case
        when left({{ colonne }}, 4) in ('9701', '9702', '9703', '9704') then '97' || substr({{ colonne }}, 4, 1)
        when left({{ colonne }}, 2) = '98' then '976'
        when left({{ colonne }}, 2) <> '97' then left({{ colonne }}, 2)
    end
{%- endmacro %}

{#- The département of a code that FINESS (9A) or INSEE (971) wrote; null when it is none of the 101. -#}
{% macro departement_de_code(colonne) -%}
    (
        select code_territoire
        from {{ ref('ref_territoires') }}
        where niveau = 'departement' and {{ colonne }} in (code_finess, code_territoire)
    )
{%- endmacro %}

{#- The whole numbers written in a text: « de 0 à 4 ans » and « 00-04 » are both [0, 4]. -#}
{% macro entiers(colonne) -%}
    list_transform(regexp_extract_all({{ colonne }}, '\d+'), lambda texte : texte::integer)
{%- endmacro %}
