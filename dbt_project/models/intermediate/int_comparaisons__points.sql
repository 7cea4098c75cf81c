-- Points that compare: published for their own quarter, one per territory and quarter.
select
    code_indicateur,
    niveau,
    code_territoire,
    trimestre,
    rang_trimestre,
    fin_trimestre,
    version_methode,
    valeur
from {{ ref('int_indicateurs__series') }}
where statut in ('observe', 'provisoire') and age_trimestres = 0
