-- A flow over the quarter: what was counted over another period is not one, and is never cut in parts.
{{ points_compte_depose(
    'nb_consultations_solidarite',
    'stg_ministere__solidarite_territoriale',
    'nb_consultations',
    'ministere.solidarite_territoriale',
    filtre="date_debut_periode = date_trunc('quarter', date_reference)",
    contributeurs='nb_medecins'
) }}
