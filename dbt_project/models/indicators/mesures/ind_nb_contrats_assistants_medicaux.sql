{{ points_observatoire('assistants_medicaux', 'contrats_nb', compte=true) }}
