-- Each target on the territories that it binds: an empty code stands for every territory of the level.
select
    cibles.code_indicateur,
    cibles.niveau,
    territoires.code_territoire,
    cibles.nature,
    cibles.echeance,
    cibles.valeur,
    cibles.date_base,
    cibles.document,
    documents.titre as document_titre,
    cibles.citation,
    cibles.remarque
from {{ ref('cibles') }} as cibles
inner join {{ ref('ref_documents') }} as documents on documents.document = cibles.document
inner join {{ ref('ref_territoires') }} as territoires
    on territoires.niveau = cibles.niveau
    and territoires.code_territoire = coalesce(nullif(cibles.code_territoire, ''), territoires.code_territoire)
