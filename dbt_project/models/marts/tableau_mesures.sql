-- The measures of the Pact, one row per indicator that follows one: what was promised, where France stands.
with deposees as (
    select code_indicateur, bool_or(est_deposee) as est_deposee
    from {{ source('registre', 'sources_indicateurs') }}
    group by code_indicateur
)

select
    mesures.ordre,
    mesures.mesure,
    mesures.code_indicateur,
    chiffres.libelle_indicateur,
    mesures.promesse,
    chiffres.valeur,
    chiffres.valeur_texte,
    chiffres.unite_texte,
    chiffres.periode,
    chiffres.statut,
    chiffres.libelle_statut,
    chiffres.raison,
    chiffres.date_reference,
    chiffres.evolution_texte,
    chiffres.jugement,
    chiffres.cible_texte,
    chiffres.echeance,
    chiffres.rythme_vise_texte,
    chiffres.distance_texte,
    chiffres.progression_pct,
    chiffres.etat_cible,
    chiffres.date_atteinte_estimee,
    chiffres.libelle_source,
    -- Figures that partners hand over are in no open file that a reader could check.
    coalesce(deposees.est_deposee, true) as est_sans_source_ouverte,
    count(departements.valeur)::integer as nb_departements
from {{ ref('ref_mesures') }} as mesures
inner join {{ ref('tableau_chiffres') }} as chiffres
    on chiffres.code_indicateur = mesures.code_indicateur and chiffres.niveau = 'france'
left join {{ ref('tableau_chiffres') }} as departements
    on departements.code_indicateur = mesures.code_indicateur and departements.niveau = 'departement'
left join deposees on deposees.code_indicateur = mesures.code_indicateur
group by all
order by mesures.ordre, mesures.code_indicateur
