{#-
    Points of an indicator that no open source publishes: those that a partner has deposited, if any.
    Without a deposit there is no point, and the series says why (aucune_source_ouverte).
-#}
{% macro points_deposes(code_indicateur) -%}
select
    niveau,
    code_territoire,
    date_reference,
    numerateur,
    denominateur,
    valeur,
    'partenaires.indicateurs' as source,
    edition,
    sha256,
    date_extraction,
    case when motif is null then statut else 'masque' end as statut_source,
    motif,
    'v1' as version_methode
from {{ ref('stg_partenaires__indicateurs') }}
where code_indicateur = '{{ code_indicateur }}'
{%- endmacro %}
