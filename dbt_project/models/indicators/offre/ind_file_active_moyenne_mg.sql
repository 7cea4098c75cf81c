{{ points_observatoire(
    'file_active_medgen', 'file_active_moyenne_nb', profession='mg_hors_mep', complement='patientele'
) }}
