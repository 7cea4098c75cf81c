{{ points_apl('apl_mg', 'medecins_generalistes') }}
