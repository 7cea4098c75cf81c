{{ points_part_secteur_1('mg_hors_mep') }}
