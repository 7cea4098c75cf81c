{{ points_etablissements('603') }}
