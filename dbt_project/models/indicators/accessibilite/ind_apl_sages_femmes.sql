{{ points_apl('apl_sages_femmes', 'sages_femmes') }}
