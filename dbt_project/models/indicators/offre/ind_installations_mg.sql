{{ points_mouvements('installations_nb') }}
