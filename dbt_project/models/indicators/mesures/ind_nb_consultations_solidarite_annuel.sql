-- A year's flow, from its four quarters: a year that lacks one has no total, and none is ever guessed.
{{ points_annee_deposee(
    'nb_consultations_solidarite_annuel',
    'stg_ministere__solidarite_territoriale',
    'nb_consultations',
    'ministere.solidarite_territoriale',
    filtre="date_debut_periode = date_trunc('quarter', date_reference)"
) }}
