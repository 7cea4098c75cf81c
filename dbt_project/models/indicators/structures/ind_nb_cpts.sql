{{ points_etablissements('604') }}
