-- Mean APL of a territory = Σ APL × standardised population / Σ standardised population.
with departements as (
    select
        code_departement,
        date_reference,
        {{ somme_exacte('apl * population_standardisee_nb') }} as numerateur,
        {{ somme_exacte('population_standardisee_nb') }} as denominateur,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction,
        max(version_methode) as version_methode
    from {{ ref('int_apl__communes') }}
    group by code_departement, date_reference
),

niveaux as (
    {{ niveaux_additifs(
        'departements', 'parts.numerateur / nullif(parts.denominateur, 0)', code_indicateur='apl_mg') }}
)

{{ points_calcules('niveaux', 'drees.apl_medecins_generalistes') }}
