{{ depot_departemental(source('cnam', 'couverture_cpts'), ['nb_cpts', 'population_couverte', 'population_reference']) }}
