{{ points_observatoire(
    'file_active_medgen', 'file_active_moyenne_nb', profession='medecins_ensemble', complement='patientele'
) }}
