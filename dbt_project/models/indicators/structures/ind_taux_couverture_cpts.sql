with depot as (
    select
        code_territoire as code_departement,
        date_reference,
        population_couverte as numerateur,
        population_reference as denominateur,
        coalesce(motif_population_couverte, motif_population_reference) as motif,
        edition,
        sha256,
        date_extraction
    from {{ ref('stg_cnam__couverture_cpts') }}
),

{{ points_departementaux(
    'depot', '100 * parts.numerateur / nullif(parts.denominateur, 0)', 'taux_couverture_cpts', 'cnam.couverture_cpts') }}
