-- Headcounts of the départements against the producer's own France: equal, or less where some are masked.
{{ config(severity='warn') }}

with sommes as (
    select
        groupe_specialites,
        specialite,
        exercice,
        tranche_age,
        sexe,
        annee,
        sum(valeur) filter (niveau = 'departement') as somme_departements,
        any_value(valeur) filter (niveau = 'france') as france,
        count(*) filter (niveau = 'departement' and motif is not null) as nb_masques
    from {{ ref('stg_drees__rpps_medecins') }}
    where mesure = 'effectif'
    group by all
)

select *
from sommes
where somme_departements > france
    or (nb_masques = 0 and somme_departements <> france)
