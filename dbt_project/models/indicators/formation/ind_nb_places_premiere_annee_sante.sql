{{ points_deposes('nb_places_premiere_annee_sante') }}
