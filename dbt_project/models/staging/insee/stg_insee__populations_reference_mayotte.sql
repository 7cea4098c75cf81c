-- This file leaves COM empty: the code is made of the département and of the last two figures.
{{ populations_communales(
    source('insee', 'populations_reference_mayotte'), cle='dep, codcom', code_commune='dep || right(codcom, 2)'
) }}
