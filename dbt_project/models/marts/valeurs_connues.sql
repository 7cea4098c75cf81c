-- Every row that was ever published, with the instants between which it was the last word. The version that this
-- build will become has no name and no instant yet: null and infinity here, written when it is published.
with publications as (
    select publication, rang, publie_le from {{ source('registre', 'publications') }}
    union all
    select '' as publication, 1 + coalesce(max(rang), 0) as rang, timestamp 'infinity' as publie_le
    from {{ source('registre', 'publications') }}
),

changements as (
    select * from {{ source('registre', 'valeurs') }}
    union all by name
    select '' as publication, * from {{ ref('int_valeurs__changements') }}
),

bornees as (
    select
        changements.*,
        publications.publie_le as connu_depuis,
        lead(publications.publie_le) over (
            partition by
                changements.code_indicateur, changements.niveau, changements.code_territoire, changements.trimestre
            order by publications.rang
        ) as connu_jusqua
    from changements
    inner join publications on publications.publication = changements.publication
)

select
    code_indicateur,
    niveau,
    code_territoire,
    libelle_territoire,
    trimestre,
    valeur,
    borne_basse,
    borne_haute,
    unite,
    numerateur,
    denominateur,
    statut,
    motif,
    statut_conf,
    date_reference,
    age_trimestres,
    evolution,
    evolution_pct,
    date_reference_precedente,
    source,
    edition,
    sha256,
    date_extraction,
    version_methode,
    nullif(publication, '') as publication,
    connu_depuis,
    connu_jusqua
from bornees
where statut is not null
order by code_indicateur, niveau, code_territoire, trimestre, connu_depuis
