-- Share of inhabitants (total population) of communes whose APL is strictly under the threshold.
with departements as (
    select
        code_departement,
        date_reference,
        sum(case when apl < {{ var('seuil_apl') }} then population_totale_nb else 0 end) as numerateur,
        sum(population_totale_nb) as denominateur,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction,
        max(version_methode) as version_methode
    from {{ ref('int_apl__communes') }}
    group by code_departement, date_reference
),

niveaux as (
    {{ niveaux_additifs(
        'departements', '100 * parts.numerateur / nullif(parts.denominateur, 0)', code_indicateur='part_pop_apl_inf_2_5') }}
)

{{ points_calcules('niveaux', 'drees.apl_medecins_generalistes') }}
