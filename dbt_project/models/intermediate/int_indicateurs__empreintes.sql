-- What the figures of each indicator hang on besides the code: the files received, the corrections applied.
with recues as (
    select
        liens.code_indicateur,
        md5(
            string_agg(
                concat_ws('/', editions.source, editions.rang, editions.sha256), '|'
                order by editions.source, editions.rang
            )
        ) as empreinte_sources
    from {{ source('registre', 'sources_indicateurs') }} as liens
    inner join {{ source('registre', 'editions') }} as editions on editions.source = liens.source
    group by liens.code_indicateur
),

corrigees as (
    select
        liens.code_indicateur,
        md5(
            string_agg(
                concat_ws('|', etat.source, etat.cle, etat.colonne, coalesce(etat.nouvelle_valeur, '')), '|'
                order by etat.source, etat.cle, etat.colonne
            )
        ) as empreinte_corrections
    from {{ source('registre', 'sources_indicateurs') }} as liens
    inner join {{ ref('int_corrections__etat') }} as etat on etat.source = liens.source
    where etat.etat = 'appliquee'
    group by liens.code_indicateur
)

select
    catalogue.code_indicateur,
    coalesce(recues.empreinte_sources, '') as empreinte_sources,
    coalesce(corrigees.empreinte_corrections, '') as empreinte_corrections
from {{ source('registre', 'catalogue_indicateurs') }} as catalogue
left join recues on recues.code_indicateur = catalogue.code_indicateur
left join corrigees on corrigees.code_indicateur = catalogue.code_indicateur
