-- The pace of each territory over each year that two comparable points span: points for a share, else per cent.
select
    fin.code_indicateur,
    fin.niveau,
    fin.code_territoire,
    fin.trimestre,
    case
        when catalogue.nature in ('proportion', 'part_territoriale') then fin.valeur - debut.valeur
        else 100 * (fin.valeur - debut.valeur) / nullif(debut.valeur, 0)
    end as rythme_annuel
from {{ ref('int_comparaisons__points') }} as fin
inner join {{ ref('int_comparaisons__points') }} as debut
    on debut.code_indicateur = fin.code_indicateur
    and debut.niveau = fin.niveau
    and debut.code_territoire = fin.code_territoire
    and debut.version_methode = fin.version_methode
    and debut.rang_trimestre = fin.rang_trimestre - 4
inner join {{ source('registre', 'catalogue_indicateurs') }} as catalogue
    on catalogue.code_indicateur = fin.code_indicateur
where catalogue.nature <> 'marque'
