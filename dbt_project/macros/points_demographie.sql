{#- Headcounts, densities and shares that a producer publishes at every level: read, never added up by us. -#}

{#- Points of a headcount. `relation`: niveau, code_territoire, date_reference, effectif_nb, motif_effectif,
    edition, sha256, date_extraction. -#}
{% macro points_effectif(relation, source) -%}
select
    niveau,
    code_territoire,
    date_reference,
    effectif_nb as numerateur,
    null::double as denominateur,
    effectif_nb as valeur,
    '{{ source }}' as source,
    edition,
    sha256,
    date_extraction,
    case when motif_effectif is null then 'observe' else 'masque' end as statut_source,
    motif_effectif as motif,
    'v1' as version_methode
from {{ relation }}
where motif_effectif is not null or effectif_nb is not null
{%- endmacro %}

{#-
    Points of a density. The published one is kept; numerator and denominator allow anyone to recompute
    it: the producer used another population vintage, and the gap is in « rapprochements ».

    relation    as above, with densite_pour_100k and motif_densite
    recalculee  true: where the producer publishes no density, ours (two sources: « estime »)
-#}
{% macro points_densite(relation, source, recalculee=false) -%}
populations as (
    select niveau, code_territoire, date_reference, population_nb
    from {{ ref('int_population__par_territoire') }}
),

densites as (
    select
        {{ relation }}.*,
        populations.population_nb,
        densite_pour_100k is null as est_recalculee,
        {% if recalculee -%}
        coalesce(motif_densite, case when densite_pour_100k is null then motif_effectif end) as motif,
        coalesce(densite_pour_100k, round(100000 * effectif_nb / nullif(population_nb, 0), 1)) as densite
        {%- else -%}
        motif_densite as motif,
        densite_pour_100k as densite
        {%- endif %}
    from {{ relation }}
    -- The estimate of 1 January of the same year, or the last one before it.
    asof left join populations
        on populations.niveau = {{ relation }}.niveau
        and populations.code_territoire = {{ relation }}.code_territoire
        and {{ relation }}.date_reference >= populations.date_reference
)

select
    niveau,
    code_territoire,
    date_reference,
    effectif_nb as numerateur,
    population_nb as denominateur,
    case when motif is null then densite end as valeur,
    '{{ source }}' as source,
    edition,
    sha256,
    date_extraction,
    case when motif is not null then 'masque' when est_recalculee then 'estime' else 'observe' end as statut_source,
    motif,
    'v1' as version_methode
from densites
where motif is not null or densite is not null
{%- endmacro %}

{#- Points of a share of a headcount, in per cent. `relation`: niveau, code_territoire, date_reference,
    numerateur, denominateur, motif (of any part that is masked), edition, sha256, date_extraction. -#}
{% macro points_part(relation, source) -%}
select
    niveau,
    code_territoire,
    date_reference,
    case when motif is null then numerateur end as numerateur,
    denominateur,
    case when motif is null then round(100 * numerateur / denominateur, 9) end as valeur,
    '{{ source }}' as source,
    edition,
    sha256,
    date_extraction,
    case when motif is null then 'observe' else 'masque' end as statut_source,
    motif,
    'v1' as version_methode
from {{ relation }}
where motif is not null or (numerateur is not null and denominateur > 0)
{%- endmacro %}

{#- The liberal professionals of one profession (code of ref_professions_cnam). -#}
{% macro liberaux(code_profession) -%}
    select *
    from {{ ref('int_demographie__liberaux') }}
    where code_profession = '{{ code_profession }}'
{%- endmacro %}

{% macro points_effectif_liberal(code_profession) -%}
with liberaux as (
    {{ liberaux(code_profession) }}
)

{{ points_effectif('liberaux', 'ameli.demographie_effectifs_densites') }}
{%- endmacro %}

{% macro points_densite_liberale(code_profession) -%}
with liberaux as (
    {{ liberaux(code_profession) }}
),

{{ points_densite('liberaux', 'ameli.demographie_effectifs_densites') }}
{%- endmacro %}

{#- Share of the professionals in « secteur 1 » (contractual fees), all of them counted, non-contracted included. -#}
{% macro points_part_secteur_1(code_profession) -%}
with secteurs as (
    select
        niveau,
        code_territoire,
        date_reference,
        any_value(effectif_nb) filter (where code_secteur = 'secteur_1') as numerateur,
        -- The published whole, or the sum of the sectors where none is masked.
        coalesce(
            any_value(effectif_nb) filter (where code_secteur = 'ensemble'),
            case when count(motif) = 0 then sum(effectif_nb) filter (where code_secteur <> 'ensemble') end
        ) as denominateur,
        coalesce(
            any_value(motif) filter (where code_secteur = 'secteur_1'),
            any_value(motif) filter (where code_secteur = 'ensemble'),
            case when count(*) filter (where code_secteur = 'ensemble') = 0 then any_value(motif) end
        ) as motif,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction
    from {{ ref('stg_ameli__demographie_secteurs_conventionnels') }}
    where code_profession = '{{ code_profession }}' and niveau <> 'inconnu'
    group by niveau, code_territoire, date_reference
)

{{ points_part('secteurs', 'ameli.demographie_secteurs_conventionnels') }}
{%- endmacro %}
