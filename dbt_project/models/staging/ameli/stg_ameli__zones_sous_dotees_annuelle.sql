{{ observatoire('zones_sous_dotees_annuelle', {'installations_zsd_nb': 'effectif_medecin_install_zsd'},
    professions=true, evolution=true) }}
