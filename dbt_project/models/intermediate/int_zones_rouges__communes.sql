-- Communes in a « zone rouge » at each quarter's end that the deposited list speaks of. An EPCI may lie over
-- several départements, even régions: its communes tell how its inhabitants share out. One composition, the
-- last one landed, for every date. An EPCI that it does not know keeps a row, without a commune.
with liste as (
    select edition, sha256, date_extraction, date_edition
    from {{ source('registre', 'editions') }}
    where source = 'ministere.zones_rouges'
    qualify row_number() over (order by date_edition desc, rang desc) = 1
),

composition as (
    select siren_epci, code_commune, code_departement, population_municipale_nb
    from {{ ref('stg_insee__epci_composition') }}
),

receptions as (
    select count(*) as nb_communes
    from composition
)

select
    calendrier.fin_trimestre as date_reference,
    zones.siren_epci,
    composition.code_commune,
    composition.code_departement,
    composition.population_municipale_nb,
    liste.edition,
    liste.sha256,
    liste.date_extraction
from {{ ref('stg_ministere__zones_rouges') }} as zones
cross join liste
cross join receptions
inner join {{ ref('int_trimestres__calendrier') }} as calendrier
    on calendrier.fin_trimestre <= liste.date_edition
    and zones.date_debut <= calendrier.fin_trimestre
    and coalesce(zones.date_fin, date '9999-12-31') >= calendrier.fin_trimestre
left join composition on composition.siren_epci = zones.siren_epci
-- Without any composition, nothing says where a zone is: no figure, rather than zeros.
where receptions.nb_communes > 0
