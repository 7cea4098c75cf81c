-- What inhabitants can reach is what doctors offer: Σ population × APL = Σ supply that is not lost.
select
    sum(population_standardisee_nb * apl) as accessible,
    sum(case when est_offre_perdue then 0 else offre end) as offerte
from {{ ref('int_apl__recalcul') }}
having abs(accessible - offerte) > 1e-9
