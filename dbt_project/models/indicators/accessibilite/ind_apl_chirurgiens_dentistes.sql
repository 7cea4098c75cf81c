{{ points_apl('apl_chirurgiens_dentistes', 'chirurgiens_dentistes') }}
