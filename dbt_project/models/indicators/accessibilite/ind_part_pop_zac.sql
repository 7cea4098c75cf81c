{{ points_population_zone('part_pop_zac', 'ZAC') }}
