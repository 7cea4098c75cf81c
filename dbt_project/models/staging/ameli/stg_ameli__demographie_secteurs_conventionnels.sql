-- The code of the sector is read from its label: the portal's own codes are not documented.
with source as (
    select *
    from {{ source('ameli', 'demographie_secteurs_conventionnels') }}
    {{ derniere_edition('annee, profession_sante, region, departement, secteur_conventionnel') }}
)

select
    {{ niveau_cnam('region', 'departement') }} as niveau,
    {{ code_territoire_cnam('region', 'departement') }} as code_territoire,
    profession_sante,
    {{ code_de_profession('profession_sante') }} as code_profession,
    secteur_conventionnel as code_secteur_lu,
    libelle_secteur_conventionnel,
    {{ code_du_libelle('libelle_secteur_conventionnel', 'ref_secteurs_conventionnels', 'code_secteur') }}
        as code_secteur,
    {{ fin_d_annee('annee') }} as date_reference,
    {{ nombre('effectif') }} as effectif_nb,
    {{ motif_masque('effectif') }} as motif,
    {{ provenance() }}
from source
