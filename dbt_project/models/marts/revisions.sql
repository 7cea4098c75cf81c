-- Values that changed from one publication to the next. The version that this build will become has no name yet
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
        date_reference,
        version_methode,
        sha256
    from {{ ref('indicateurs_trimestriels') }}
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
)

select
    changees.code_indicateur,
    changees.niveau,
    changees.code_territoire,
    changees.trimestre,
    changees.publication_precedente as publication_ancienne,
    nullif(changees.publication, '') as publication_nouvelle,
    changees.ancienne,
    changees.valeur as nouvelle,
    round(changees.valeur - changees.ancienne, 9) as ecart,
    -- The file of the figure first; then what else it hangs on; what nothing received explains, the code does.
    case
        when changees.version_methode <> changees.methode_ancienne then 'methode'
        when coalesce(changees.sha256, '') <> coalesce(changees.sha256_ancien, '') then 'source_revisee'
        when apres.empreinte_corrections <> avant.empreinte_corrections then 'correction'
        when apres.empreinte_sources <> avant.empreinte_sources then 'source_revisee'
        else 'methode'
    end as raison,
    changees.date_ancienne as date_reference,
    changees.statut_ancien,
    changees.statut as statut_nouveau
from changees
left join empreintes as apres
    on apres.publication = changees.publication
    and apres.code_indicateur = changees.code_indicateur
left join empreintes as avant
    on avant.publication = changees.publication_precedente
    and avant.code_indicateur = changees.code_indicateur
order by
    changees.code_indicateur, changees.niveau, changees.code_territoire, changees.trimestre, publication_nouvelle
