-- Every target with the sentence that sets it; one that holds for each territory of a level has a row for each.
with cibles as (
    select
        objectifs.code_indicateur,
        objectifs.niveau,
        territoires.code_territoire,
        objectifs.nature,
        objectifs.valeur as cible,
        objectifs.echeance,
        objectifs.date_base,
        objectifs.document,
        objectifs.citation,
        objectifs.remarque
    from {{ ref('cibles') }} as objectifs
    inner join {{ ref('ref_territoires') }} as territoires
        on territoires.niveau = objectifs.niveau
        and objectifs.code_territoire in (territoires.code_territoire, '*')
)

select
    cibles.code_indicateur,
    cibles.niveau,
    cibles.code_territoire,
    cibles.nature,
    cibles.cible,
    cibles.echeance,
    cibles.date_base,
    cibles.document,
    documents.titre as titre_document,
    cibles.citation,
    cibles.remarque,
    pilote.identifiant_pilote,
    pilote.correspondance as correspondance_pilote,
    pilote.remarque as remarque_pilote
from cibles
inner join {{ ref('ref_documents') }} as documents on documents.document = cibles.document
left join {{ ref('ref_pilote') }} as pilote on pilote.code_indicateur = cibles.code_indicateur
order by cibles.code_indicateur, cibles.niveau, cibles.code_territoire, cibles.document, cibles.nature
