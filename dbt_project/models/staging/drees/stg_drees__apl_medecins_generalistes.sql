{{ apl_par_commune(source('drees', 'apl_medecins_generalistes'), {
    'apl': 'apl',
    'apl_65': 'apl_65',
    'apl_62': 'apl_62',
    'apl_60': 'apl_60',
    'population_standardisee': 'population_standardisee_nb',
    'population_totale': 'population_totale_nb',
}) }}
