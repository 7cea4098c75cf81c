-- Communes (arrondissements in Paris, Lyon and Marseille) that have an APL and both populations, by
-- profession: consultations of physicians a year and inhabitant, full-time equivalents of the others
-- for 100,000. The population of the midwives' workbook is that of women.
{%- set professions = ['sages_femmes', 'infirmiers', 'kinesitherapeutes', 'chirurgiens_dentistes'] %}
with passage as (
    select * from {{ passage_principal() }}
),

apl as (
    select 'medecins_generalistes' as profession, *
    from {{ ref('stg_drees__apl_medecins_generalistes') }}
    {%- for profession in professions %}
    union all by name
    select
        '{{ profession }}' as profession,
        * rename (apl_etp_pour_100k as apl, population_nb as population_totale_nb)
    from {{ ref('stg_drees__apl_' ~ profession) }}
    {%- endfor %}
)

select
    apl.profession,
    apl.code_commune,
    apl.libelle_commune,
    passage.code_commune_actuelle,
    {{ motif_sans_commune('apl.code_commune', 'passage.code_commune_actuelle') }} as motif_sans_commune,
    -- A night without the official code has the producer's département.
    coalesce(passage.code_departement_actuel, apl.code_departement) as code_departement,
    apl.date_reference,
    apl.apl,
    apl.apl_65,
    apl.apl_62,
    apl.apl_60,
    apl.population_standardisee_nb,
    apl.population_totale_nb,
    apl.edition,
    apl.sha256,
    apl.date_extraction,
    -- Only vintages of the same workbook are computed with the same method.
    'classeur-' || apl.edition as version_methode
from apl
asof left join passage
    on passage.ancien_code = apl.code_commune
    and passage.valable_du <= apl.date_reference
where apl.apl is not null
    and apl.population_standardisee_nb is not null
    and apl.population_totale_nb is not null
