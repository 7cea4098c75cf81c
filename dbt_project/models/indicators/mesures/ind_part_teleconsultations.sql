{{ points_deposes('part_teleconsultations') }}
