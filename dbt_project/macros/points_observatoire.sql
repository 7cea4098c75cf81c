{#-
    Points of an indicator that the Observatoire publishes in an annual and an infra-annual set; they are read
    at every level, régions and France included.

    jeu          what the two staging tables are called: stg_ameli__<jeu>_annuelle and _infra_annuelle
    valeur       the value's column; `motif` the column that says why it is masked
    profession   code of the profession whose rows speak, where rows are by profession
    compte       true for a head count: it is its own numerator
    comparables  false when the two sets do not cover periods of one length: each has its own method version
    complement   another annual table of the same columns, for the dates that neither set has; its field is not
                 the Observatoire's, so that its points have their own method version

    An infra-annual figure is « provisoire » until the annual set of its year has come; of two figures
    for the same date, the annual one speaks.
-#}
{% macro points_observatoire(
    jeu, valeur, motif='motif', profession=none, compte=false, comparables=true,
    complement=none, motif_complement='motif'
) -%}
{%- set origines = [
    (jeu ~ '_annuelle', motif, 'v1'),
    (jeu ~ '_infra_annuelle', motif, 'v1' if comparables else 'v1-infra-annuel'),
] + ([(complement, motif_complement, 'v1-' ~ complement)] if complement else []) -%}
with lus as (
    {%- for table, motif_table, version in origines %}
    select
        niveau,
        code_territoire,
        date_reference,
        {{ valeur }} as valeur,
        {{ motif_table }} as motif,
        'ameli.{{ table }}' as source,
        edition,
        sha256,
        date_extraction,
        '{{ version }}' as version_methode,
        {{ loop.index }} as priorite
    from {{ ref('stg_ameli__' ~ table) }}
    {%- if profession %}
    where code_profession = '{{ profession }}'
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

confirmes as (
    select coalesce(max(year(date_reference)), 0) as annee
    from lus
    where priorite = 1
),

retenus as (
    select
        lus.* replace (
            -- A mean over no professional at all: too few for a figure.
            if(lus.motif = 'sans_objet', 'NS', lus.motif) as motif
        ),
        if(lus.priorite = 2 and year(lus.date_reference) > confirmes.annee, 'provisoire', 'observe') as statut
    from lus
    cross join confirmes
    where lus.niveau <> 'inconnu'
        -- Neither a figure nor a sign: the source says nothing of this territory.
        and (lus.motif is not null or lus.valeur is not null)
    qualify row_number() over (
        partition by lus.niveau, lus.code_territoire, lus.date_reference
        order by lus.priorite, lus.date_extraction desc
    ) = 1
)

select
    niveau,
    code_territoire,
    date_reference,
    {{ 'case when motif is null then valeur end' if compte else 'null::double' }} as numerateur,
    null::double as denominateur,
    case when motif is null then valeur end as valeur,
    source,
    edition,
    sha256,
    date_extraction,
    case when motif is null then statut else 'masque' end as statut_source,
    motif,
    version_methode
from retenus
{%- endmacro %}
