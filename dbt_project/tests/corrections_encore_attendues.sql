-- The producer has mended (or changed) what we correct: take the line out of ref_corrections.
{{ config(severity='warn') }}

select *
from {{ ref('int_corrections__etat') }}
where etat = 'corrigee_par_le_producteur'
