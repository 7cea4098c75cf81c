-- One row per activity: count distinct `pseudonyme` to count persons. Where the commune is unknown or is a
-- collectivity of its own (Saint-Martin is not in 971), there is no département.
{% set commune_placee = 'case when ' ~ departement_parmi_101('code_commune') ~ ' is not null then code_commune end' -%}
select
    _ligne as numero_ligne,
    identification_nationale_pp as pseudonyme,
    code_profession,
    libelle_profession,
    code_categorie_professionnelle,
    code_savoir_faire,
    libelle_savoir_faire,
    -- The three ways in which the directory says « médecine générale ».
    code_profession = '10' and coalesce(code_savoir_faire in ('SM26', 'SM53', 'SM54'), false)
        as est_medecin_generaliste,
    code_mode_exercice,
    code_mode_exercice = 'L' as est_liberal,
    code_secteur_activite,
    code_role,
    code_genre_activite,
    numero_finess_site as numero_finess,
    code_commune,
    {{ departement_parmi_101('code_commune') }} as code_departement,
    {{ motif_sans_commune('code_commune', commune_placee) }} as motif_sans_departement,
    {{ date_edition('_edition') }} as date_stock,
    {{ provenance() }}
from {{ source('ans', 'ps_libre_acces_personne_activite') }}
