-- France only: the département's share of 60 and over is to be computed from the headcounts by age.
with source as (
    select *
    from {{ source('ameli', 'demographie_ages_moyens') }}
    {{ derniere_edition('annee, profession_sante') }}
),

professions as (
    {{ codes_des_libelles('source', 'profession_sante', 'ref_professions_cnam', 'code_profession') }}
)

select
    'france' as niveau,
    'FR' as code_territoire,
    source.profession_sante,
    professions.code_profession,
    {{ fin_d_annee('source.annee') }} as date_reference,
    {{ nombre('source.part_femmes') }} as part_femmes_pct,
    {{ nombre('source.part_des_60_ans_et_plus') }} as part_60_plus_pct,
    {{ nombre('source.age_moyen_global') }} as age_moyen_ans,
    {{ nombre('source.age_moyen_femmes') }} as age_moyen_femmes_ans,
    {{ nombre('source.age_moyen_hommes') }} as age_moyen_hommes_ans,
    {{ motif_masque('source.part_des_60_ans_et_plus') }} as motif,
    {{ provenance() }}
from source
left join professions on professions.profession_sante = source.profession_sante
