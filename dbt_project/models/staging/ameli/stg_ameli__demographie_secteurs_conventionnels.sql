-- The code of the sector is read from its label: the portal's own codes are not documented.
with source as (
    select *
    from {{ source('ameli', 'demographie_secteurs_conventionnels') }}
    {{ derniere_edition('annee, profession_sante, region, departement, secteur_conventionnel') }}
),

professions as (
    {{ codes_des_libelles('source', 'profession_sante', 'ref_professions_cnam', 'code_profession') }}
),

secteurs as (
    {{ codes_des_libelles('source', 'libelle_secteur_conventionnel', 'ref_secteurs_conventionnels', 'code_secteur') }}
)

select
    {{ niveau_cnam('source.region', 'source.departement') }} as niveau,
    {{ code_territoire_cnam('source.region', 'source.departement') }} as code_territoire,
    source.profession_sante,
    professions.code_profession,
    source.secteur_conventionnel as code_secteur_lu,
    source.libelle_secteur_conventionnel,
    secteurs.code_secteur,
    {{ fin_d_annee('source.annee') }} as date_reference,
    {{ nombre('source.effectif') }} as effectif_nb,
    {{ motif_masque('source.effectif') }} as motif,
    {{ provenance() }}
from source
left join professions on professions.profession_sante = source.profession_sante
left join secteurs on secteurs.libelle_secteur_conventionnel = source.libelle_secteur_conventionnel
