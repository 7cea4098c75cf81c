-- What the barometer first said of each point, what it says last, and how often it changed its mind.
{%- set indicateurs = ['ind_311', 'ind_312', 'ind_318', 'ind_587', 'ind_589', 'ind_679'] %}
with mesures as (
    {%- for indicateur in indicateurs %}
    select *
    from {{ ref('stg_ditp__barometre_' ~ indicateur) }}
    {%- if not loop.last %}
    union all by name
    {%- endif %}
    {%- endfor %}
),

-- One value for each edition: of two days of one month, the later speaks.
publications as (
    select *
    from mesures
    where valeur is not null
    qualify row_number() over (
        partition by code_indicateur_barometre, niveau, code_territoire, date_reference, edition
        order by date_lue desc, date_extraction desc
    ) = 1
),

suites as (
    select
        *,
        row_number() over point as rang_edition,
        lag(valeur) over point as valeur_precedente
    from publications
    window point as (
        partition by code_indicateur_barometre, niveau, code_territoire, date_reference
        order by date_revision, date_extraction
    )
),

dernieres_editions as (
    select code_indicateur_barometre, arg_max(edition, (date_revision, date_extraction)) as edition
    from mesures
    group by code_indicateur_barometre
)

select
    suites.code_indicateur_barometre,
    suites.niveau,
    suites.code_territoire,
    suites.date_reference,
    arg_min(suites.valeur, suites.rang_edition) as premiere_valeur,
    arg_min(suites.edition, suites.rang_edition) as premiere_edition,
    arg_max(suites.valeur, suites.rang_edition) as derniere_valeur,
    arg_max(suites.edition, suites.rang_edition) as derniere_edition,
    arg_max(suites.sha256, suites.rang_edition) as dernier_sha256,
    arg_max(suites.date_extraction, suites.rang_edition) as derniere_extraction,
    round(derniere_valeur - premiere_valeur, 6) as ecart,
    count(*) as nb_editions,
    count(*) filter (
        where suites.valeur <> suites.valeur_precedente
    ) as nb_revisions,
    -- A point that the last edition no longer holds was withdrawn.
    bool_or(suites.edition = dernieres_editions.edition) as est_encore_publiee
from suites
inner join dernieres_editions using (code_indicateur_barometre)
group by
    suites.code_indicateur_barometre,
    suites.niveau,
    suites.code_territoire,
    suites.date_reference
