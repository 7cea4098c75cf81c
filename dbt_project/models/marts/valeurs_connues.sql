-- Every row that was ever published, with the instants between which it was the last word. The version that this
-- build will become has no name and no instant yet: null and infinity here, written when it is published.
-- A point that the secret covers today is not given again, nor a change from it: the register alone keeps them.
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
),

secrets as (
    {{ points_secrets() }}
),

retenues as (
    select
        bornees.*,
        siens.fin_trimestre is not null
        and coalesce(
            bornees.valeur, bornees.borne_basse, bornees.borne_haute, bornees.numerateur, bornees.denominateur
        ) is not null as est_retiree,
        precedents.fin_trimestre is not null as a_une_evolution_retiree
    from bornees
    {{ joindre_secrets('siens', 'bornees', 'date_reference') }}
    {{ joindre_secrets('precedents', 'bornees', 'date_reference_precedente') }}
    where bornees.statut is not null
)

select
    code_indicateur,
    niveau,
    code_territoire,
    libelle_territoire,
    trimestre,
    {%- for colonne in ['valeur', 'borne_basse', 'borne_haute'] %}
    case when not est_retiree then {{ colonne }} end as {{ colonne }},
    {%- endfor %}
    unite,
    {%- for colonne in ['numerateur', 'denominateur'] %}
    case when not est_retiree then {{ colonne }} end as {{ colonne }},
    {%- endfor %}
    if(est_retiree, 'masque', statut) as statut,
    if(est_retiree, 'secret', motif) as motif,
    if(est_retiree, 'secret_apres_publication', statut_conf) as statut_conf,
    date_reference,
    age_trimestres,
    {%- for colonne in ['evolution', 'evolution_pct', 'date_reference_precedente'] %}
    case when not est_retiree and not a_une_evolution_retiree then {{ colonne }} end as {{ colonne }},
    {%- endfor %}
    source,
    edition,
    sha256,
    date_extraction,
    version_methode,
    nullif(publication, '') as publication,
    connu_depuis,
    connu_jusqua
from retenues
order by code_indicateur, niveau, code_territoire, trimestre, connu_depuis
