{{ points_population_apl('part_pop_apl_inf_2_5') }}
