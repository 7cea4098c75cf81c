{{ observatoire('file_active_medgen_annuelle', {'file_active_moyenne_nb': 'nombre_patients_uniques'},
    professions=true, evolution=true) }}
