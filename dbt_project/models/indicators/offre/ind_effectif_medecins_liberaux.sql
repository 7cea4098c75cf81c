{{ points_effectif_liberal('medecins_ensemble') }}
