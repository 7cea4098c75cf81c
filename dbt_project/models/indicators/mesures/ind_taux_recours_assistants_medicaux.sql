{{ points_observatoire('assistants_medicaux', 'taux_adhesion_pct', motif='motif_taux_adhesion_pct') }}
