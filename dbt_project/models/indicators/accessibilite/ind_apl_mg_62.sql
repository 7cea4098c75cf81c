{{ points_apl('apl_mg_62', 'medecins_generalistes', mesure='apl_62') }}
