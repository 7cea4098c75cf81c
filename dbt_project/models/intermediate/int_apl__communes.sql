-- Communes (arrondissements in Paris, Lyon and Marseille) that have an APL and both populations.
select
    code_commune,
    code_departement,
    date_reference,
    apl,
    apl_65,
    population_standardisee_nb,
    population_totale_nb,
    edition,
    sha256,
    date_extraction,
    -- Only vintages of the same workbook are computed with the same method.
    'classeur-' || edition as version_methode
from {{ ref('stg_drees__apl_medecins_generalistes') }}
where apl is not null
    and population_standardisee_nb is not null
    and population_totale_nb is not null
