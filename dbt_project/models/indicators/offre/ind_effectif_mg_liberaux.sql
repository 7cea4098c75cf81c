{{ points_effectif_liberal('mg_hors_mep') }}
