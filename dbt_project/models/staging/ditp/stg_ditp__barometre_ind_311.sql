{{ mesures_barometre(source('ditp', 'barometre_ind_311')) }}
