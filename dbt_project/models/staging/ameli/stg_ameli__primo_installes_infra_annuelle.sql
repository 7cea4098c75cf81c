{{ observatoire('primo_installes_infra_annuelle', {'primo_installes_nb': 'effectif_primo_installe'},
    professions=true, evolution=true) }}
