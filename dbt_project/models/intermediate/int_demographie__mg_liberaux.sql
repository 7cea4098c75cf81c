-- Liberal general practitioners (without those of particular expertise), all ages, both sexes.
{{ effectifs_liberaux('mg_hors_mep') }}
