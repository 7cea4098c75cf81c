{{ observatoire('medecins_optam_annuelle',
    {'taux_adhesion_pct': 'taux_adhesion', 'adherents_nb': 'effectif_medecin_optam'}, professions=true, evolution=true) }}
