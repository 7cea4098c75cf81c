{{ observatoire('couverture_sas_annuelle',
    {'population_couverte_pct': 'taux_population_couverte', 'couvert': 'couvert'}) }}
