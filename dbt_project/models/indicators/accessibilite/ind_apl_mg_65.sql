{{ points_apl('apl_mg_65', 'medecins_generalistes', mesure='apl_65') }}
