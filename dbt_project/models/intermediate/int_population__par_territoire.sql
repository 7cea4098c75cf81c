-- Population estimated on 1 January, for every département, région and France.
with departements as (
    select
        code_departement,
        date_reference,
        population_nb::double as numerateur,
        null::double as denominateur,
        edition,
        sha256,
        date_extraction,
        'v1' as version_methode
    from {{ ref('stg_insee__estimation_population_gca') }}
),

niveaux as (
    {{ niveaux_additifs('departements', 'parts.numerateur') }}
)

select
    niveau,
    code_territoire,
    date_reference,
    valeur as population_nb,
    edition,
    sha256,
    date_extraction
from niveaux
