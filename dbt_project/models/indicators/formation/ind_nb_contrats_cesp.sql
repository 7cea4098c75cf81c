{{ points_deposes('nb_contrats_cesp') }}
