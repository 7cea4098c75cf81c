{{ observatoire('medecins_optam_infra_annuelle', {'taux_adhesion_pct': 'taux_adhesion'}, professions=true) }}
