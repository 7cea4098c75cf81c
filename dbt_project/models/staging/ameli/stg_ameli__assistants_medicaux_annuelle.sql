{{ observatoire('assistants_medicaux_annuelle',
    {'contrats_nb': 'nombre_contrat_assmed', 'taux_adhesion_pct': 'taux_adhesions'}) }}
