{{ points_apl('apl_mg_60', 'medecins_generalistes', mesure='apl_60') }}
