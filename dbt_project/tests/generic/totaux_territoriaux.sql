{#-
    A région and France against their départements, for each date and combination of `dimensions`.

    nature: somme     a count: the total is the sum of its parts, `tolerance` apart for each part
            moyenne   a mean or a rate: between the smallest and the largest of its parts
    Left alone: a total with a part that is masked or missing (its sum would give the mask away).
-#}
{% test totaux_territoriaux(model, mesure, motif='motif', dimensions=[], nature='somme', tolerance=0, filtre='true') %}
{{ config(severity='warn') }}
{%- set cle = (['date_reference'] + dimensions) | join(', ') %}
with lignes as (
    select niveau, code_territoire, {{ cle }}, {{ mesure }} as valeur, {{ motif }} as motif
    from {{ model }}
    where niveau <> 'inconnu' and {{ filtre }}
),

departements as (
    select lignes.*, territoires.code_region
    from lignes
    inner join {{ ref('ref_territoires') }} as territoires
        on territoires.niveau = 'departement' and territoires.code_territoire = lignes.code_territoire
    where lignes.niveau = 'departement'
),

parties as (
    select
        if(grouping(code_region) = 1, 'france', 'region') as niveau,
        if(grouping(code_region) = 1, 'FR', code_region) as code_territoire,
        {{ cle }},
        sum(valeur) as somme,
        min(valeur) as minimum,
        max(valeur) as maximum,
        count(*) as nb_parties,
        count(*) filter (where valeur is null or motif is not null) as nb_masquees
    from departements
    group by grouping sets ((code_region, {{ cle }}), ({{ cle }}))
),

attendues as (
    select coalesce(code_region, 'FR') as code_territoire, count(*) as nb_parties
    from {{ ref('ref_territoires') }}
    where niveau = 'departement'
    group by grouping sets ((code_region), ())
)

select totaux.*, parties.somme, parties.minimum, parties.maximum
from lignes as totaux
inner join parties using (niveau, code_territoire, {{ cle }})
inner join attendues using (code_territoire, nb_parties)
where totaux.niveau in ('region', 'france')
    and totaux.motif is null
    and parties.nb_masquees = 0
    and {% if nature == 'somme' -%}
    abs(totaux.valeur - parties.somme) > {{ tolerance }} * parties.nb_parties
    {%- else -%}
    totaux.valeur not between parties.minimum - {{ tolerance }} and parties.maximum + {{ tolerance }}
    {%- endif %}
{% endtest %}
