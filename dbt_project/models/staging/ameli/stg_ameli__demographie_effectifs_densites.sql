with source as (
    select *
    from {{ source('ameli', 'demographie_effectifs_densites') }}
    {{ derniere_edition('annee, profession_sante, region, departement, classe_age, libelle_sexe') }}
)

select
    {{ niveau_cnam('region', 'departement') }} as niveau,
    {{ code_territoire_cnam('region', 'departement') }} as code_territoire,
    profession_sante,
    classe_age,
    libelle_sexe,
    make_date(annee::integer, 12, 31) as date_reference,
    {{ nombre('effectif') }} as effectif_nb,
    {{ nombre('densite') }} as densite_pour_100k,
    {{ motif_masque('effectif') }} as motif_effectif,
    {{ motif_masque('densite') }} as motif_densite,
    {{ provenance() }}
from source
