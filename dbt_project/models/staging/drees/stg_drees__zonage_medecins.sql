{{ zonage_par_acte(source('drees', 'zonage_medecins'), 'tvs') }}
