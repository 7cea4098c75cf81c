{{ depot_departemental(
    source('ministere', 'solidarite_territoriale'),
    ['nb_consultations', 'nb_medecins', 'nb_sites'],
    dates=['date_debut_periode']
) }}
