-- What became of each correction in the last edition that holds its row.
with recues as (
    {%- for source_id, regle in sources_corrigees().items() %}
    {%- set producteur, table = source_id.split('.') %}
    {%- for colonne in regle.colonnes %}
    select
        '{{ source_id }}' as source,
        '{{ colonne }}' as colonne,
        concat_ws('|', {{ regle.cle | join(', ') }}) as cle,
        {{ colonne }} as valeur_recue,
        _edition as edition
    from (
        select *
        from {{ source(producteur, table) }}
        {{ derniere_edition(regle.cle | join(', ')) }}
    )
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    corrections.source,
    corrections.cle,
    corrections.colonne,
    corrections.ancienne_valeur,
    corrections.nouvelle_valeur,
    corrections.motif,
    corrections.inscrite_le,
    recues.valeur_recue,
    recues.edition,
    case
        when recues.source is null then 'sans_ligne'
        when coalesce(recues.valeur_recue, '') = coalesce(corrections.ancienne_valeur, '') then 'appliquee'
        else 'corrigee_par_le_producteur'
    end as etat
from {{ ref('ref_corrections') }} as corrections
left join recues
    on recues.source = corrections.source
    and recues.colonne = corrections.colonne
    and recues.cle = corrections.cle
