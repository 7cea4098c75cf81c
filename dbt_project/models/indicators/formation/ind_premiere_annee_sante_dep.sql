{{ points_deposes('premiere_annee_sante_dep') }}
