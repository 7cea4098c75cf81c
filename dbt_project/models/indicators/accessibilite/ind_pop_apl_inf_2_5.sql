{{ points_population_apl('pop_apl_inf_2_5', en_nombre=true) }}
