{{ populations_communales(source('insee', 'populations_reference'), cle='com', code_commune='com') }}
