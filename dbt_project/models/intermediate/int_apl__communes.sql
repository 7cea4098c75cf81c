-- Communes (arrondissements in Paris, Lyon and Marseille) that have an APL and both populations.
with passage as (
    select * from {{ passage_principal() }}
)

select
    apl.code_commune,
    passage.code_commune_actuelle,
    {{ motif_sans_commune('apl.code_commune', 'passage.code_commune_actuelle') }} as motif_sans_commune,
    -- A night without the official code has the producer's département.
    coalesce(passage.code_departement_actuel, apl.code_departement) as code_departement,
    apl.date_reference,
    apl.apl,
    apl.apl_65,
    apl.population_standardisee_nb,
    apl.population_totale_nb,
    apl.edition,
    apl.sha256,
    apl.date_extraction,
    -- Only vintages of the same workbook are computed with the same method.
    'classeur-' || apl.edition as version_methode
from {{ ref('stg_drees__apl_medecins_generalistes') }} as apl
asof left join passage
    on passage.ancien_code = apl.code_commune
    and passage.valable_du <= apl.date_reference
where apl.apl is not null
    and apl.population_standardisee_nb is not null
    and apl.population_totale_nb is not null
