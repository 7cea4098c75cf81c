{{ points_densite_liberale('mg_hors_mep') }}
