-- What the long table of this build changes to what was published before: the rows that are new or different, and
-- the keys that left it (a row whose every other column is null). The register keeps these rows, and no other.
with connues as (
    select valeurs.*
    from {{ source('registre', 'valeurs') }} as valeurs
    inner join {{ source('registre', 'publications') }} as publications
        on publications.publication = valeurs.publication
    qualify row_number() over (
        partition by valeurs.code_indicateur, valeurs.niveau, valeurs.code_territoire, valeurs.trimestre
        order by publications.rang desc
    ) = 1
),

-- The whole row counts: the register has the columns of the long table, in its order.
nouvelles as (
    select * from {{ ref('indicateurs_trimestriels') }}
    except
    select * exclude (publication) from connues
),

retirees as (
    select connues.code_indicateur, connues.niveau, connues.code_territoire, connues.trimestre
    from connues
    anti join {{ ref('indicateurs_trimestriels') }} as presentes
        on presentes.code_indicateur = connues.code_indicateur
        and presentes.niveau = connues.niveau
        and presentes.code_territoire = connues.code_territoire
        and presentes.trimestre = connues.trimestre
    where connues.statut is not null
)

select * from nouvelles
union all by name
select * from retirees
