{{ apl_en_etp('apl_sages_femmes') }}
