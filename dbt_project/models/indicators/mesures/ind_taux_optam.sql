{{ points_observatoire('medecins_optam', 'taux_adhesion_pct', profession='medecins_ensemble') }}
