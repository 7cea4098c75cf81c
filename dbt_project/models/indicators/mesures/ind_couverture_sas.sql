-- Yes or no, of a département only: a région that is covered in part is neither.
select *
from (
    {{ points_observatoire('couverture_sas', 'couvert', motif='motif_couvert') | indent(4) }}
)
where niveau = 'departement'
