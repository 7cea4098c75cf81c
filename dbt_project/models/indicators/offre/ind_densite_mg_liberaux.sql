-- The density is the published one; numerator and denominator allow anyone to recompute it. The
-- producer used another population vintage: the gap is in « rapprochements ».
with mg as (
    select *
    from {{ ref('int_demographie__mg_liberaux') }}
),

populations as (
    select niveau, code_territoire, date_reference, population_nb
    from {{ ref('int_population__par_territoire') }}
)

select
    mg.niveau,
    mg.code_territoire,
    mg.date_reference,
    mg.effectif_nb as numerateur,
    populations.population_nb as denominateur,
    mg.densite_pour_100k as valeur,
    'ameli.demographie_effectifs_densites' as source,
    mg.edition,
    mg.sha256,
    mg.date_extraction,
    case when mg.motif_densite is null then 'observe' else 'masque' end as statut_source,
    mg.motif_densite as motif,
    'v1' as version_methode
from mg
-- The estimate of 1 January of the same year, or the last one before it.
asof left join populations
    on populations.niveau = mg.niveau
    and populations.code_territoire = mg.code_territoire
    and mg.date_reference >= populations.date_reference
where mg.motif_densite is not null or mg.densite_pour_100k is not null
