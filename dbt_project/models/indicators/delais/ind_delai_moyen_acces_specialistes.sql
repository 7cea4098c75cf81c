{{ points_deposes('delai_moyen_acces_specialistes') }}
