{{ points_mouvements('departs_nb') }}
