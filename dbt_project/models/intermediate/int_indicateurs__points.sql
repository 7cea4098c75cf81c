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
    'effectif_medecins_liberaux',
    'densite_medecins_liberaux',
    'nb_medecins_rpps',
    'densite_medecins_rpps',
    'part_mg_60_plus',
    'part_medecins_secteur_1',
    'part_mg_secteur_1',
    'installations_mg',
    'departs_mg',
    'solde_mg',
    'nb_cpts',
    'taux_couverture_cpts',
    'nb_medicobus',
    'nb_docteurs_juniors',
    'nb_consultations_solidarite',
    'nb_zones_rouges',
    'pop_zones_rouges',
    'nb_teleconsultations',
    'part_teleconsultations',
    'nb_contrats_cesp',
    'premiere_annee_sante_dep',
    'nb_places_premiere_annee_sante',
    'part_sans_mt_17plus',
] %}

-- Bounds are null where the model gives none.
select null::double as borne_basse, null::double as borne_haute
where false
{%- for code in indicateurs %}
union all by name
select '{{ code }}' as code_indicateur, *
from {{ ref('ind_' ~ code) }}
{%- endfor %}
