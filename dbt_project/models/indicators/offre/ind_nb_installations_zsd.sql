{{ points_observatoire(
    'zones_sous_dotees', 'installations_zsd_nb', profession='mg_hors_mep', compte=true, comparables=false
) }}
