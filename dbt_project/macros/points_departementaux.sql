{#-
    Points of a figure that a partner deposits by département: régions and France are ratios of sums.

    relation         name of a CTE (code_departement, date_reference, numerateur, denominateur, motif,
                     edition, sha256, date_extraction), one row per département and date
    valeur           expression of `parts.numerateur` and `parts.denominateur`
    contributeurs    column of the relation: how many people the figure of a département comes from, which its
                     confidentiality rule asks for (`contributeurs_minimum`); of the totals nobody knows it
    A total with a masked part has no sum: it is what a partner publishes of it (partenaires.indicateurs),
    else it is masked for the same reason.
-#}
{% macro points_departementaux(relation, valeur, code_indicateur, source, contributeurs=none) -%}
chiffres as (
    select *, 'v1' as version_methode
    from {{ relation }}
    where motif is null and numerateur is not null
),

sommes as (
    {{ niveaux_additifs('chiffres', valeur, code_indicateur=code_indicateur) }}
),

masques as (
    select
        territoires.niveau,
        territoires.code_territoire,
        source.date_reference,
        any_value(source.motif) as motif,
        max(source.edition) as edition,
        arg_max(source.sha256, (source.edition, source.sha256)) as sha256,
        max(source.date_extraction) as date_extraction
    from {{ relation }} as source
    inner join {{ ref('int_territoires__effectifs') }} as territoires
        on list_contains(territoires.codes_departements, source.code_departement)
    group by territoires.niveau, territoires.code_territoire, territoires.nb_departements, source.date_reference
    having count(source.motif) > 0 and count(distinct source.code_departement) = territoires.nb_departements
),

publies as (
    {{ points_deposes(code_indicateur) }}
),

reunis as (
    select * from publies
    union all by name
    {{ points_calcules('sommes', source) }}
    union all by name
    select *, '{{ source }}' as source, 'masque' as statut_source, 'v1' as version_methode
    from masques
)

select
    reunis.*
    {%- if contributeurs %},
    contributions.{{ contributeurs }} as contributeurs
    {%- endif %}
from reunis
{%- if contributeurs %}
left join {{ relation }} as contributions
    on reunis.niveau = 'departement'
    and reunis.source = '{{ source }}'
    and contributions.code_departement = reunis.code_territoire
    and contributions.date_reference = reunis.date_reference
{%- endif %}
qualify row_number() over (
    partition by reunis.niveau, reunis.code_territoire, reunis.date_reference
    order by reunis.statut_source <> 'masque' desc, reunis.source = '{{ source }}' desc
) = 1
{%- endmacro %}

{#- A count that a partner deposits by département. `depot`: a staging model of `depot_departemental`. -#}
{% macro points_compte_depose(code_indicateur, depot, mesure, source, filtre='true', contributeurs=none) -%}
with depot as (
    select
        code_territoire as code_departement,
        date_reference,
        {{ mesure }} as numerateur,
        null::double as denominateur,
        motif_{{ mesure }} as motif,
        {%- if contributeurs %}
        {{ contributeurs }},
        {%- endif %}
        edition,
        sha256,
        date_extraction
    from {{ ref(depot) }}
    where {{ filtre }}
),

{{ points_departementaux('depot', 'parts.numerateur', code_indicateur, source, contributeurs) }}
{%- endmacro %}

{#- The year's total of such a count, on 31 December, where all four quarters were deposited; masked as one of them is. -#}
{% macro points_annee_deposee(code_indicateur, depot, mesure, source, filtre='true') -%}
with depot as (
    select
        code_territoire as code_departement,
        make_date(year(date_reference), 12, 31) as date_reference,
        sum({{ mesure }}) as numerateur,
        null::double as denominateur,
        max(motif_{{ mesure }}) as motif,
        arg_max(edition, date_reference) as edition,
        arg_max(sha256, date_reference) as sha256,
        max(date_extraction) as date_extraction
    from {{ ref(depot) }}
    where {{ filtre }}
    group by code_territoire, year(date_reference)
    having count(distinct quarter(date_reference)) = 4
),

{{ points_departementaux('depot', 'parts.numerateur', code_indicateur, source) }}
{%- endmacro %}
