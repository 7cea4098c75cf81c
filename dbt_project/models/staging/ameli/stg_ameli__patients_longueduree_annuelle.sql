{{ observatoire('patients_longueduree_annuelle', {'taux_ald_sans_mt_pct': 'taux_patients_ald_sans_mt'}) }}
