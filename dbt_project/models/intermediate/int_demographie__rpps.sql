-- Physicians of every way of practice, all ages, both sexes, on 1 January: headcount and density side by side.
select
    niveau,
    code_territoire,
    date_reference,
    any_value(valeur) filter (where mesure = 'effectif') as effectif_nb,
    any_value(motif) filter (where mesure = 'effectif') as motif_effectif,
    any_value(valeur) filter (where mesure = 'densite') as densite_pour_100k,
    any_value(motif) filter (where mesure = 'densite') as motif_densite,
    max(edition) as edition,
    max(sha256) as sha256,
    max(date_extraction) as date_extraction
from {{ ref('stg_drees__rpps_medecins') }}
where mesure in ('effectif', 'densite')
    and groupe_specialites = 'Ensemble'
    and specialite = 'Ensemble'
    and exercice = 'Ensemble'
    and tranche_age = 'Ensemble'
    and sexe = 'Ensemble'
group by niveau, code_territoire, date_reference
