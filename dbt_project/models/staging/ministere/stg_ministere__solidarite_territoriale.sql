{{ depot_departemental(
    source('ministere', 'solidarite_territoriale'), ['nb_consultations', 'nb_medecins', 'nb_sites']
) }}
