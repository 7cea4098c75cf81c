-- France only: the département's share of 60 and over is to be computed from the headcounts by age.
with source as (
    select *
    from {{ source('ameli', 'demographie_ages_moyens') }}
    {{ derniere_edition('annee, profession_sante') }}
)

select
    'france' as niveau,
    'FR' as code_territoire,
    profession_sante,
    {{ code_de_profession('profession_sante') }} as code_profession,
    {{ fin_d_annee('annee') }} as date_reference,
    {{ nombre('part_femmes') }} as part_femmes_pct,
    {{ nombre('part_des_60_ans_et_plus') }} as part_60_plus_pct,
    {{ nombre('age_moyen_global') }} as age_moyen_ans,
    {{ nombre('age_moyen_femmes') }} as age_moyen_femmes_ans,
    {{ nombre('age_moyen_hommes') }} as age_moyen_hommes_ans,
    {{ motif_masque('part_des_60_ans_et_plus') }} as motif,
    {{ provenance() }}
from source
