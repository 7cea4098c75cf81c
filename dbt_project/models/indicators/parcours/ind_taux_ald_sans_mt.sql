{{ points_observatoire('patients_longueduree', 'taux_ald_sans_mt_pct') }}
