-- A pace is counted from a day before its due date; a level has no such day.
select *
from {{ ref('cibles') }}
where (nature = 'evolution_annuelle_pct') <> coalesce(date_base < echeance, false)
