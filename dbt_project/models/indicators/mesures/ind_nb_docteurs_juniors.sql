{{ points_compte_depose(
    'nb_docteurs_juniors', 'stg_ministere__docteurs_juniors', 'nb_docteurs_juniors', 'ministere.docteurs_juniors') }}
