-- THE list of indicators: the dated points of each, one below the other.
{%- set indicateurs = [
    'taux_ald_sans_mt',
    'taux_ald_avec_mt_barometre',
    'nb_ald_sans_mt_estime',
    'file_active_moyenne_mg',
    'file_active_moyenne_liberaux',
    'patientele_mt_moyenne_mg',
    'effectif_mg_liberaux',
    'densite_mg_liberaux',
    'nb_primo_installes_mg',
    'nb_installations_zsd',
    'nb_contrats_assistants_medicaux',
    'taux_recours_assistants_medicaux',
    'taux_optam',
    'taux_couverture_sas',
    'couverture_sas',
    'apl_mg',
    'part_pop_apl_inf_2_5',
    'nb_msp',
    'nb_centres_sante',
    'delai_moyen_acces_specialistes',
    'proxy_densite_specialistes',
] %}

-- Bounds are null where the model gives none.
select null::double as borne_basse, null::double as borne_haute
where false
{%- for code in indicateurs %}
union all by name
select '{{ code }}' as code_indicateur, *
from {{ ref('ind_' ~ code) }}
{%- endfor %}
