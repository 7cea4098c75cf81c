-- Open establishments of each category, by département and stock. A département that the stock covers
-- and that has none counts zero; one that the stock does not cover has no row at all.
with stocks as (
    select
        code_departement,
        date_stock,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction
    from {{ ref('stg_finess__etablissements') }}
    where code_departement is not null
    group by code_departement, date_stock
),

categories as (
    select code_categorie
    from {{ ref('ref_categories_finess') }}
),

comptes as (
    select code_departement, date_stock, code_categorie, count(distinct numero_finess) as nombre_nb
    from {{ ref('stg_finess__etablissements') }}
    where code_departement is not null
        and (date_ouverture is null or date_ouverture <= date_stock)
    group by code_departement, date_stock, code_categorie
)

select
    stocks.code_departement,
    stocks.date_stock as date_reference,
    categories.code_categorie,
    coalesce(comptes.nombre_nb, 0)::double as nombre_nb,
    stocks.edition,
    stocks.sha256,
    stocks.date_extraction
from stocks
cross join categories
left join comptes
    on comptes.code_departement = stocks.code_departement
    and comptes.date_stock = stocks.date_stock
    and comptes.code_categorie = categories.code_categorie
