{{ points_observatoire('primo_installes', 'primo_installes_nb', profession='mg_hors_mep', compte=true) }}
