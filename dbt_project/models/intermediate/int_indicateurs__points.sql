-- THE list of indicators: the dated points of each, one below the other.
{%- set indicateurs = [
    'taux_ald_sans_mt',
    'file_active_moyenne_mg',
    'effectif_mg_liberaux',
    'densite_mg_liberaux',
    'apl_mg',
    'apl_mg_65',
    'apl_mg_62',
    'apl_sages_femmes',
    'apl_infirmiers',
    'apl_kinesitherapeutes',
    'apl_chirurgiens_dentistes',
    'pop_apl_inf_2_5',
    'part_pop_apl_inf_2_5',
    'part_pop_zip',
    'part_pop_zac',
    'part_pop_urgences_plus_30min',
    'part_pop_pharmacie_plus_10min',
    'part_pop_desert_cumul',
    'nb_msp',
    'nb_centres_sante',
    'delai_moyen_acces_specialistes',
] %}

-- Bounds are null where the model gives none.
select null::double as borne_basse, null::double as borne_haute
where false
{%- for code in indicateurs %}
union all by name
select '{{ code }}' as code_indicateur, *
from {{ ref('ind_' ~ code) }}
{%- endfor %}
