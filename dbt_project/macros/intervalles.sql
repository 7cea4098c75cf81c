{#- Intervals that tell a difference from noise; z is the number of standard errors on each side. -#}

{#- Byar's approximation of the exact Poisson interval of a count (Breslow & Day, 1987), times `echelle`. -#}
{% macro byar_bas(nombre, echelle, z) -%}
    case
        when {{ nombre }} = 0 then 0
        else ({{ echelle }}) * greatest(
            0,
            {{ nombre }} * power(1 - 1 / (9 * {{ nombre }}) - {{ z }} / (3 * sqrt({{ nombre }})), 3)
        )
    end
{%- endmacro %}

{% macro byar_haut(nombre, echelle, z) -%}
    ({{ echelle }}) * ({{ nombre }} + 1)
    * power(1 - 1 / (9 * ({{ nombre }} + 1)) + {{ z }} / (3 * sqrt({{ nombre }} + 1)), 3)
{%- endmacro %}

{#- Wilson's interval (1927) of a proportion in per cent among `effectif`; `signe` is - or +. -#}
{% macro wilson(pourcentage, effectif, signe, z) -%}
    100 * (
        {{ pourcentage }} / 100 + power({{ z }}, 2) / (2 * {{ effectif }})
        {{ signe }} {{ z }} * sqrt(
            {{ pourcentage }} / 100 * (1 - {{ pourcentage }} / 100) / {{ effectif }}
            + power({{ z }}, 2) / (4 * power({{ effectif }}, 2))
        )
    ) / (1 + power({{ z }}, 2) / {{ effectif }})
{%- endmacro %}
