-- A claim that is put aside as « another field » says why; a published figure says whose it is, and of what day.
select *
from {{ ref('ref_affirmations') }}
where (est_autre_champ = 'oui' and remarque is null)
    or (valeur_publiee is null) <> (source_publiee is null)
    or (valeur_publiee is null) <> (date_publiee is null)
