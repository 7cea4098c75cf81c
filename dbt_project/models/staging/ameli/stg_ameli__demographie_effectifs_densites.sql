with source as (
    select *
    from {{ source('ameli', 'demographie_effectifs_densites') }}
    {{ derniere_edition('annee, profession_sante, region, departement, classe_age, libelle_sexe') }}
),

professions as (
    {{ codes_des_libelles('source', 'profession_sante', 'ref_professions_cnam', 'code_profession') }}
)

select
    {{ niveau_cnam('source.region', 'source.departement') }} as niveau,
    {{ code_territoire_cnam('source.region', 'source.departement') }} as code_territoire,
    source.profession_sante,
    professions.code_profession,
    source.classe_age,
    source.libelle_sexe,
    {{ fin_d_annee('source.annee') }} as date_reference,
    {{ nombre('source.effectif') }} as effectif_nb,
    {{ nombre('source.densite') }} as densite_pour_100k,
    {{ motif_masque('source.effectif') }} as motif_effectif,
    {{ motif_masque('source.densite') }} as motif_densite,
    {{ provenance() }}
from source
left join professions on professions.profession_sante = source.profession_sante
