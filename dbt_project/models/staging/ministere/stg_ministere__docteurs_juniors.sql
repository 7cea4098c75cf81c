{{ depot_departemental(source('ministere', 'docteurs_juniors'), ['nb_docteurs_juniors']) }}
