{{ points_observatoire('couverture_sas', 'population_couverte_pct') }}
