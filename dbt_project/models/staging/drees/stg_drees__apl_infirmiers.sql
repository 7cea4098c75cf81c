{{ apl_en_etp('apl_infirmiers') }}
