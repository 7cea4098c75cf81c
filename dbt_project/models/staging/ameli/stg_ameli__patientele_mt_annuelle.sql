{{ observatoire('patientele_mt_annuelle', {'patientele_mt_moyenne_nb': 'nombre_patients_medecin_traitant'},
    professions=true, evolution=true) }}
