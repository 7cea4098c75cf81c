{#- Figures as they are printed in French: « 1 577 », « 4,2 » ; thin spaces that do not break. -#}
{% macro nombre_en_lettres(valeur, decimales) -%}
    replace(replace(replace(
        format('{:,.' || ({{ decimales }})::varchar || 'f}', {{ valeur }}), ',', '~'), '.', ','
    ), '~', chr(8239))
{%- endmacro %}

{#- The same with its sign, « +0,3 » or « −0,3 »; null stays null. -#}
{% macro ecart_en_lettres(valeur, decimales) -%}
    case when {{ valeur }} >= 0 then '+' else chr(8722) end || {{ nombre_en_lettres('abs(' ~ valeur ~ ')', decimales) }}
{%- endmacro %}

{#- A number with the decimals that it needs, at most two: « 12 341 978 », « 53,4 ». -#}
{% macro nombre_ecrit(valeur) -%}
    regexp_replace({{ nombre_en_lettres('(' ~ valeur ~ ')::double', 2) }}, ',?0*$', '')
{%- endmacro %}

{% macro date_ecrite(expression) -%}
    strftime({{ expression }}, '%d/%m/%Y')
{%- endmacro %}
