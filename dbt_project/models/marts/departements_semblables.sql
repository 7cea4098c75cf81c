select
    semblables.code_departement,
    semblables.rang,
    semblables.code_semblable,
    departements.libelle_territoire as libelle_semblable,
    semblables.distance
from {{ ref('int_comparaisons__semblables') }} as semblables
inner join {{ ref('ref_territoires') }} as departements
    on departements.niveau = 'departement'
    and departements.code_territoire = semblables.code_semblable
order by semblables.code_departement, semblables.rang
