{#- Headcounts and shares that a producer publishes at every level: read, never added up by us. -#}

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
