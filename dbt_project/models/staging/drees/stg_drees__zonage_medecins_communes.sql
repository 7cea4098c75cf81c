{{ zonage_par_acte(source('drees', 'zonage_medecins_communes'), 'code_commune') }}
