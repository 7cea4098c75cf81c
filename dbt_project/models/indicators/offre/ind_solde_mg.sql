{{ points_mouvements('installations_nb - departs_nb') }}
