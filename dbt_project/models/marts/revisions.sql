-- Values that changed from one publication to the next; of a point that the secret covers today only that it changed.
-- The version that this build will become has no name yet
-- ('' between these lines): its publication_nouvelle is null here, and written when it is published.
with publications as (
    select publication, rang, lag(publication) over (order by rang) as publication_precedente
    from (
        select publication, rang from {{ source('registre', 'publications') }}
        union all
        select '' as publication, 1 + max(rang) as rang from {{ source('registre', 'publications') }}
        having max(rang) is not null
    )
),

empreintes as (
    select publication, code_indicateur, empreinte_sources, empreinte_corrections
    from {{ source('registre', 'empreintes') }}
    union all
    select '' as publication, code_indicateur, empreinte_sources, empreinte_corrections
    from {{ ref('int_indicateurs__empreintes') }}
),

valeurs as (
    -- A row without status tells that its key left the long table: no figure to compare.
    select
        publication,
        code_indicateur,
        niveau,
        code_territoire,
        trimestre,
        valeur,
        statut,
        motif,
        date_reference,
        version_methode,
        sha256
    from {{ source('registre', 'valeurs') }}
    where statut is not null
    union all
    select
        '' as publication,
        code_indicateur,
        niveau,
        code_territoire,
        trimestre,
        valeur,
        statut,
        motif,
        date_reference,
        version_methode,
        sha256
    from {{ ref('indicateurs_trimestriels') }}
),

secrets as (
    {{ points_secrets() }}
),

suites as (
    select
        valeurs.*,
        publications.publication_precedente,
        lag(valeurs.valeur) over point as ancienne,
        lag(valeurs.statut) over point as statut_ancien,
        lag(valeurs.date_reference) over point as date_ancienne,
        lag(valeurs.version_methode) over point as methode_ancienne,
        lag(valeurs.sha256) over point as sha256_ancien
    from valeurs
    inner join publications on publications.publication = valeurs.publication
    window point as (
        partition by valeurs.code_indicateur, valeurs.niveau, valeurs.code_territoire, valeurs.trimestre
        order by publications.rang
    )
),

-- A newer figure that takes the place of a carried one is news, not a revision.
changees as (
    select *
    from suites
    where ancienne is not null
        and (valeur is null or round(valeur, 9) <> round(ancienne, 9))
        and not coalesce(statut_ancien = 'reporte' and date_reference > date_ancienne, false)
),

-- Both ends of a change may be covered: that of a point itself, and that of the point that it was carried from.
visibles as (
    select
        changees.* replace (
            case when anciens.fin_trimestre is null then changees.ancienne end as ancienne,
            case when nouveaux.fin_trimestre is null then changees.valeur end as valeur
        )
    from changees
    {{ joindre_secrets('anciens', 'changees', 'date_ancienne') }}
    {{ joindre_secrets('nouveaux', 'changees', 'date_reference') }}
)

select
    visibles.code_indicateur,
    visibles.niveau,
    visibles.code_territoire,
    visibles.trimestre,
    visibles.publication_precedente as publication_ancienne,
    nullif(visibles.publication, '') as publication_nouvelle,
    visibles.ancienne,
    visibles.valeur as nouvelle,
    round(visibles.valeur - visibles.ancienne, 9) as ecart,
    -- The secret first, then the file of the figure, then what else it hangs on; what nothing received explains, the
    -- code does.
    case
        when visibles.motif = 'secret' then 'secret'
        when visibles.version_methode <> visibles.methode_ancienne then 'methode'
        when coalesce(visibles.sha256, '') <> coalesce(visibles.sha256_ancien, '') then 'source_revisee'
        when apres.empreinte_corrections <> avant.empreinte_corrections then 'correction'
        when apres.empreinte_sources <> avant.empreinte_sources then 'source_revisee'
        else 'methode'
    end as raison,
    visibles.date_ancienne as date_reference,
    visibles.statut_ancien,
    visibles.statut as statut_nouveau
from visibles
left join empreintes as apres
    on apres.publication = visibles.publication
    and apres.code_indicateur = visibles.code_indicateur
left join empreintes as avant
    on avant.publication = visibles.publication_precedente
    and avant.code_indicateur = visibles.code_indicateur
order by
    visibles.code_indicateur, visibles.niveau, visibles.code_territoire, visibles.trimestre, publication_nouvelle
