-- A figure that another published and that we do not find: a method, a field or a vintage differs, and must be said.
{{ config(severity='warn') }}

select *
from {{ ref('chiffres_publies') }}
where resultat = 'ecart'
