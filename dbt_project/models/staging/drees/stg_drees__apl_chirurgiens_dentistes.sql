{{ apl_en_etp('apl_chirurgiens_dentistes') }}
