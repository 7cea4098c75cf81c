{{ points_apl('apl_infirmiers', 'infirmiers') }}
