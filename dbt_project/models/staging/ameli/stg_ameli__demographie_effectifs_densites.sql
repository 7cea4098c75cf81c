with source as (
    select *
    from {{ source('ameli', 'demographie_effectifs_densites') }}
    {{ derniere_edition('annee, profession_sante, region, departement, classe_age, libelle_sexe') }}
)

select
    {{ niveau_cnam('region', 'departement') }} as niveau,
    {{ code_territoire_cnam('region', 'departement') }} as code_territoire,
    profession_sante,
    {{ code_de_profession('profession_sante') }} as code_profession,
    classe_age,
    libelle_classe_age,
    libelle_sexe,
    {{ fin_d_annee('annee') }} as date_reference,
    {{ nombre('effectif') }} as effectif_nb,
    {{ nombre('densite') }} as densite_pour_100k,
    {{ motif_masque('effectif') }} as motif_effectif,
    {{ motif_masque('densite') }} as motif_densite,
    {{ provenance() }}
from source
