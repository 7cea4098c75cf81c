-- Liberal general practitioners who appear in a territory, or disappear from it, between the snapshots of two
-- consecutive quarters. Counted at each level on its own: one who moves leaves a département and arrives in
-- another, and is no movement of France. Neither the first snapshot nor one after a gap has a row.
with couverts as (
    select
        instantanes.fin_trimestre,
        territoires.niveau,
        territoires.code_territoire,
        max(instantanes.date_stock) as date_stock,
        max(instantanes.edition) as edition,
        max(instantanes.sha256) as sha256,
        max(instantanes.date_extraction) as date_extraction
    from {{ ref('int_rpps__instantanes') }} as instantanes
    inner join {{ ref('int_territoires__effectifs') }} as territoires
        on list_contains(territoires.codes_departements, instantanes.code_departement)
    group by
        instantanes.fin_trimestre, territoires.niveau, territoires.code_territoire, territoires.nb_departements
    having count(*) = territoires.nb_departements
),

-- Both snapshots cover the whole territory.
periodes as (
    select fin.*, debut.fin_trimestre as fin_precedente
    from couverts as fin
    inner join couverts as debut
        on debut.niveau = fin.niveau
        and debut.code_territoire = fin.code_territoire
        and {{ rang_trimestre('debut.fin_trimestre') }} = {{ rang_trimestre('fin.fin_trimestre') }} - 1
),

presences as (
    select fin_trimestre, pseudonyme, 'departement' as niveau, code_departement as code_territoire
    from {{ ref('int_rpps__mg_liberaux') }}
    where code_departement is not null
    union
    select medecins.fin_trimestre, medecins.pseudonyme, 'region' as niveau, departements.code_region
    from {{ ref('int_rpps__mg_liberaux') }} as medecins
    inner join {{ ref('ref_territoires') }} as departements
        on departements.niveau = 'departement' and departements.code_territoire = medecins.code_departement
    union
    select fin_trimestre, pseudonyme, 'france' as niveau, 'FR' as code_territoire
    from {{ ref('int_rpps__mg_liberaux') }}
),

sans_lieu as (
    select fin_trimestre, pseudonyme
    from {{ ref('int_rpps__mg_liberaux') }}
    where code_departement is null
),

{%- for sens, presente, absente in [
    ('installations', 'fin_trimestre', 'fin_precedente'), ('departs', 'fin_precedente', 'fin_trimestre')
] %}

{{ sens }} as (
    select periodes.fin_trimestre, periodes.niveau, periodes.code_territoire, count(*) as nombre_nb
    from periodes
    inner join presences
        on presences.fin_trimestre = periodes.{{ presente }}
        and presences.niveau = periodes.niveau
        and presences.code_territoire = periodes.code_territoire
    anti join presences as autres
        on autres.fin_trimestre = periodes.{{ absente }}
        and autres.niveau = periodes.niveau
        and autres.code_territoire = periodes.code_territoire
        and autres.pseudonyme = presences.pseudonyme
    -- Where the other snapshot does not say where a person practises, nothing says that there was a move.
    anti join sans_lieu
        on sans_lieu.fin_trimestre = periodes.{{ absente }}
        and sans_lieu.pseudonyme = presences.pseudonyme
    group by periodes.fin_trimestre, periodes.niveau, periodes.code_territoire
),
{%- endfor %}

comptes as (
    select
        periodes.*,
        coalesce(installations.nombre_nb, 0)::double as installations_nb,
        coalesce(departs.nombre_nb, 0)::double as departs_nb
    from periodes
    left join installations using (fin_trimestre, niveau, code_territoire)
    left join departs using (fin_trimestre, niveau, code_territoire)
)

select
    niveau,
    code_territoire,
    date_stock as date_reference,
    installations_nb,
    departs_nb,
    edition,
    sha256,
    date_extraction
from comptes
