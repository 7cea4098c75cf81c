{{ points_part_secteur_1('medecins_ensemble') }}
