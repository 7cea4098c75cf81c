{{ points_deposes('part_sans_mt_17plus') }}
