-- What was announced and what was frozen: a correction (-r1 and after) is never announced, it appears once frozen.
with annoncees as (
    select
        trimestre || '-r0' as publication,
        trimestre,
        date_prevue,
        etat,
        motif
    from {{ ref('calendrier_publications') }}
),

figees as (
    select publication, trimestre, version, figee_le, raisons
    from {{ source('registre', 'publications_figees') }}
)

select
    coalesce(annoncees.publication, figees.publication) as publication,
    coalesce(annoncees.trimestre, figees.trimestre) as trimestre,
    if(coalesce(annoncees.publication, figees.publication) like '%-r0', 'publication', 'revision') as nature,
    annoncees.date_prevue,
    if(figees.publication is null, annoncees.etat, 'figee') as etat,
    figees.figee_le::date as date_publication,
    figees.version,
    coalesce(figees.raisons, annoncees.motif) as motif
from annoncees
full join figees on figees.publication = annoncees.publication
order by trimestre, publication
