-- Vehicles in service at each quarter's end that a deposit speaks of. A deposit names what exists: a
-- département that it covers and that has none counts zero; « R84-… » covers région 84, any other all of them.
with depots as (
    select edition, sha256, date_extraction, date_edition, rang, regexp_extract(edition, '^R(\d{2})-', 1) as code_region
    from {{ source('registre', 'editions') }}
    where source = 'ars.medicobus'
),

derniers as (
    select
        departements.code_territoire as code_departement,
        max(depots.date_edition) as connu_jusqu_au,
        arg_max(depots.edition, (depots.date_edition, depots.rang)) as edition,
        arg_max(depots.sha256, (depots.date_edition, depots.rang)) as sha256,
        arg_max(depots.date_extraction, (depots.date_edition, depots.rang)) as date_extraction
    from depots
    inner join {{ ref('ref_territoires') }} as departements
        on departements.niveau = 'departement' and depots.code_region in ('', departements.code_region)
    group by departements.code_territoire
),

-- A vehicle that was withdrawn keeps its row, so that the past is known from the first one on.
premier as (
    select min(date_debut) as premier_jour
    from {{ ref('stg_ars__medicobus') }}
),

departements as (
    select
        derniers.code_departement,
        calendrier.fin_trimestre as date_reference,
        count(vehicules.identifiant_medicobus)::double as numerateur,
        null::double as denominateur,
        derniers.edition,
        derniers.sha256,
        derniers.date_extraction,
        'v1' as version_methode
    from derniers
    inner join {{ ref('int_trimestres__calendrier') }} as calendrier
        on calendrier.fin_trimestre <= derniers.connu_jusqu_au
    inner join premier
        on premier.premier_jour <= calendrier.fin_trimestre
    left join {{ ref('stg_ars__medicobus') }} as vehicules
        on vehicules.code_territoire = derniers.code_departement
        and vehicules.date_debut <= calendrier.fin_trimestre
        and coalesce(vehicules.date_fin, date '9999-12-31') >= calendrier.fin_trimestre
    group by all
),

niveaux as (
    {{ niveaux_additifs('departements', 'parts.numerateur') }}
)

{{ points_calcules('niveaux', 'ars.medicobus') }}
