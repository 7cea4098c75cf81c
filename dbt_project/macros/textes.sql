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

{#- What is written after a number: nothing for a yes or no, « % » with its space, else the unit. -#}
{% macro unite_ecrite(unite, nature) -%}
    case when {{ nature }} = 'marque' then '' else chr(160) || {{ unite }} end
{%- endmacro %}

{#- A value as a tile shows it, without its unit: « 1 577 », « −3,2 », « oui »; null stays null. -#}
{% macro valeur_ecrite(valeur, decimales, nature) -%}
    case
        -- Without a value there is no « non » either.
        when {{ valeur }} is null then null
        when {{ nature }} = 'marque' then if({{ valeur }} >= 0.5, 'oui', 'non')
        else if(round({{ valeur }}, {{ decimales }}) < 0, chr(8722), '')
            || {{ nombre_en_lettres('abs(' ~ valeur ~ ')', decimales) }}
    end
{%- endmacro %}

{#-
    A change as a reader says it: « +0,2 point », « −12 médecins », « stable »; null stays null.
    A unit of several words would hide the number: it stays with the value.
-#}
{% macro evolution_ecrite(ecart, decimales, unite) -%}
    case
        when round({{ ecart }}, {{ decimales }}) = 0 then 'stable'
        else {{ ecart_en_lettres(ecart, decimales) }} || case
            when {{ unite }} = '%' then chr(160) || if(abs(round({{ ecart }}, {{ decimales }})) < 2, 'point', 'points')
            when contains({{ unite }}, ' ') then ''
            when abs(round({{ ecart }}, {{ decimales }})) < 2 then chr(160) || rtrim({{ unite }}, 's')
            else chr(160) || {{ unite }}
        end
    end
{%- endmacro %}

{#- favorable, defavorable or neutre, by the sense of the indicator; null stays null. -#}
{% macro jugement(ecart, decimales, sens) -%}
    case
        when {{ ecart }} is null then null
        when round({{ ecart }}, {{ decimales }}) = 0 or coalesce({{ sens }}, 'neutre') = 'neutre' then 'neutre'
        when ({{ ecart }} > 0) = ({{ sens }} = 'hausse') then 'favorable'
        else 'defavorable'
    end
{%- endmacro %}

{#- « 4e trimestre 2025 » for 2025T4. -#}
{% macro periode_ecrite(trimestre) -%}
    {{ trimestre }}[6:] || if({{ trimestre }}[6:] = '1', 'er', 'e') || ' trimestre ' || {{ trimestre }}[:4]
{%- endmacro %}
