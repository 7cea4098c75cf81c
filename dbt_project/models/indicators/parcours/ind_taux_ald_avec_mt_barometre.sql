-- The last value that the barometer gave for each point; what it said before is in int_barometre__revisions.
select
    niveau,
    code_territoire,
    date_reference,
    null::double as numerateur,
    null::double as denominateur,
    derniere_valeur as valeur,
    'ditp.barometre_ind_312' as source,
    derniere_edition as edition,
    dernier_sha256 as sha256,
    derniere_extraction as date_extraction,
    'observe' as statut_source,
    null::varchar as motif,
    'v1' as version_methode
from {{ ref('int_barometre__revisions') }}
where code_indicateur_barometre = 'IND-312'
