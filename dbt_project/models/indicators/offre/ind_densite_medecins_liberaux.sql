{{ points_densite_liberale('medecins_ensemble') }}
