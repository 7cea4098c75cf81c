{#-
    Points of a density that the Assurance Maladie publishes.

    effectifs   name of a CTE that has the columns of `effectifs_liberaux`
    The density is the published one; numerator and denominator allow anyone to recompute it. The producer
    used another population vintage: the gap is in « rapprochements ».
-#}
{% macro points_densite(effectifs) -%}
populations as (
    select niveau, code_territoire, date_reference, population_nb
    from {{ ref('int_population__par_territoire') }}
)

select
    effectifs.niveau,
    effectifs.code_territoire,
    effectifs.date_reference,
    effectifs.effectif_nb as numerateur,
    populations.population_nb as denominateur,
    effectifs.densite_pour_100k as valeur,
    'ameli.demographie_effectifs_densites' as source,
    effectifs.edition,
    effectifs.sha256,
    effectifs.date_extraction,
    case when effectifs.motif_densite is null then 'observe' else 'masque' end as statut_source,
    effectifs.motif_densite as motif,
    'v1' as version_methode
from {{ effectifs }} as effectifs
-- The estimate of 1 January of the same year, or the last one before it.
asof left join populations
    on populations.niveau = effectifs.niveau
    and populations.code_territoire = effectifs.code_territoire
    and effectifs.date_reference >= populations.date_reference
where effectifs.motif_densite is not null or effectifs.densite_pour_100k is not null
{%- endmacro %}
