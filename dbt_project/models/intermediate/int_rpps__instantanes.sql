-- The snapshot of the RPPS that speaks for each quarter's end (the nearest, 15 days apart at most), and the
-- départements that it covers.
with instantanes as (
    select
        date_stock,
        {{ fin_de_trimestre_proche('date_stock') }} as fin_trimestre,
        code_departement,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction
    from {{ ref('stg_ans__ps_libre_acces_personne_activite') }}
    where code_departement is not null
    group by date_stock, code_departement
)

select *
from instantanes
where fin_trimestre is not null
qualify dense_rank() over (partition by fin_trimestre order by abs(date_stock - fin_trimestre), date_stock desc) = 1
