{{ points_etablissements('124') }}
