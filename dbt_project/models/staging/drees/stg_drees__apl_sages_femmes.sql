-- The vintage is the sheet's (« APL 2023 »); a re-headed workbook has it in its edition only.
with source as (
    select
        *,
        coalesce(
            try_cast(regexp_extract(_feuille, '(\d{4})\s*$', 1) as integer),
            year({{ date_edition('_edition') }})
        ) as annee
    from {{ source('drees', 'apl_sages_femmes') }}
),

derniere as (
    select *
    from source
    {{ derniere_edition('annee, code_commune') }}
)

select
    code_commune,
    {{ departement_de_commune('code_commune') }} as code_departement,
    libelle_commune,
    annee,
    make_date(annee, 12, 31) as date_reference,
    -- Full-time equivalents for 100 000 women: not the unit of the general practitioners' APL.
    {{ nombre('apl') }} as apl_etp_pour_100k,
    {{ nombre('population_standardisee') }} as population_standardisee_nb,
    {{ nombre('population_totale') }} as population_nb,
    {{ provenance() }}
from derniere
