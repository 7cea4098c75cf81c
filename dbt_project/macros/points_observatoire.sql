{#-
    Points of an indicator of the Observatoire from its annual and infra-annual sets.

    annuelle, infra   names of two CTEs (niveau, code_territoire, date_reference, <valeur>, motif,
                      edition, sha256, date_extraction)
    valeur            the value's column
    An infra-annual figure is « provisoire » until the annual set of its year has come; of two figures
    for the same date, the annual one speaks.
-#}
{% macro points_observatoire(annuelle, infra, valeur, source_annuelle, source_infra) -%}
confirmes as (
    select coalesce(max(year(date_reference)), 0) as annee
    from {{ annuelle }}
),

reunis as (
    select *, '{{ source_annuelle }}' as source, 'observe' as statut, 1 as priorite
    from {{ annuelle }}
    union all by name
    select
        {{ infra }}.*,
        '{{ source_infra }}' as source,
        case when year({{ infra }}.date_reference) <= confirmes.annee then 'observe' else 'provisoire' end as statut,
        2 as priorite
    from {{ infra }}
    cross join confirmes
),

retenus as (
    select *
    from reunis
    where niveau <> 'inconnu'
    qualify row_number() over (
        partition by niveau, code_territoire, date_reference order by priorite, date_extraction desc
    ) = 1
)

select
    niveau,
    code_territoire,
    date_reference,
    null::double as numerateur,
    null::double as denominateur,
    case when motif is null then {{ valeur }} end as valeur,
    source,
    edition,
    sha256,
    date_extraction,
    case when motif is null then statut else 'masque' end as statut_source,
    motif,
    'v1' as version_methode
from retenus
-- Neither a figure nor a sign: the source says nothing of this territory.
where motif is not null or {{ valeur }} is not null
{%- endmacro %}
