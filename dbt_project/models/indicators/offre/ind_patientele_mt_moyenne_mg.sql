{{ points_observatoire(
    'patientele_mt', 'patientele_mt_moyenne_nb', profession='mg_hors_mep',
    complement='patientele', motif_complement='motif_patientele_mt'
) }}
