{#-
    Points of a density that a producer publishes.

    effectifs   name of a CTE that has the columns of `effectifs_liberaux`
    source      the source table
    recalculee  true: where the producer gives no density, ours (two sources: « estime »)
    The density is the published one; numerator and denominator allow anyone to recompute it. The producer
    used another population vintage: the gap is in « rapprochements ».
-#}
{% macro points_densite(effectifs, source='ameli.demographie_effectifs_densites', recalculee=false) -%}
populations as (
    select niveau, code_territoire, date_reference, population_nb
    from {{ ref('int_population__par_territoire') }}
),

densites as (
    select
        effectifs.*,
        populations.population_nb,
        {%- if recalculee %}
        round(100000 * effectifs.effectif_nb / nullif(populations.population_nb, 0), 1) as densite_recalculee,
        coalesce(
            effectifs.motif_densite, case when effectifs.densite_pour_100k is null then effectifs.motif_effectif end
        ) as motif
        {%- else %}
        null::double as densite_recalculee,
        effectifs.motif_densite as motif
        {%- endif %}
    from {{ effectifs }} as effectifs
    -- The estimate of 1 January of the same year, or the last one before it.
    asof left join populations
        on populations.niveau = effectifs.niveau
        and populations.code_territoire = effectifs.code_territoire
        and effectifs.date_reference >= populations.date_reference
)

select
    niveau,
    code_territoire,
    date_reference,
    effectif_nb as numerateur,
    population_nb as denominateur,
    case when motif is null then coalesce(densite_pour_100k, densite_recalculee) end as valeur,
    '{{ source }}' as source,
    edition,
    sha256,
    date_extraction,
    case
        when motif is not null then 'masque' when densite_pour_100k is null then 'estime' else 'observe'
    end as statut_source,
    motif,
    'v1' as version_methode
from densites
where motif is not null or densite_pour_100k is not null or densite_recalculee is not null
{%- endmacro %}
