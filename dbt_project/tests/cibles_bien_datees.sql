-- A target is met after the day from which it is counted; a level without a due date says why.
select *
from {{ ref('cibles') }}
where echeance <= date_base
    or (nature = 'valeur' and echeance is null and remarque is null)
