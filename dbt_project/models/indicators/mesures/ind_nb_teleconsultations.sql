{{ points_deposes('nb_teleconsultations') }}
