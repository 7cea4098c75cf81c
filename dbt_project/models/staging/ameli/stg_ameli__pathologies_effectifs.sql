-- A row that contradicts itself is kept and said (`anomalie`): summing it would be a mistake.
with source as (
    select *
    from {{ source('ameli', 'pathologies_effectifs') }}
    {{ derniere_edition('annee, top, cla_age_5, libelle_classe_age, sexe, region, dept') }}
),

lue as (
    select
        source.*,
        {{ nombre('ntop') }} as patients_nb,
        {{ nombre('npop') }} as population_nb,
        {{ nombre('prev') }} as prevalence_pct,
        territoires.code_territoire
    from source
    left join {{ ref('ref_territoires') }} as territoires
        on territoires.niveau = {{ niveau_cnam('source.region', 'source.dept') }}
        and territoires.code_territoire = {{ code_territoire_cnam('source.region', 'source.dept') }}
        and (territoires.niveau <> 'departement' or territoires.code_region = source.region)
)

select
    case when code_territoire is null then 'inconnu' else {{ niveau_cnam('region', 'dept') }} end as niveau,
    coalesce(code_territoire, 'inconnu') as code_territoire,
    region as code_region_lu,
    dept as code_departement_lu,
    top as code_pathologie,
    coalesce(patho_niv3, patho_niv2, patho_niv1) as libelle_pathologie,
    cla_age_5 as classe_age,
    libelle_classe_age,
    sexe,
    make_date(annee::integer, 12, 31) as date_reference,
    patients_nb,
    population_nb,
    prevalence_pct,
    -- Small numbers are left blank: masked, never zero.
    case when patients_nb is null then 'secret' end as motif,
    case
        when code_territoire is null then 'territoire_inconnu'
        when {{ entiers('libelle_classe_age') }} <> {{ entiers('cla_age_5') }} then 'age_contradictoire'
        when libelle_sexe <> case sexe when '1' then 'hommes' when '2' then 'femmes' else 'tous sexes' end
            then 'sexe_contradictoire'
        when abs(prevalence_pct - 100 * patients_nb / population_nb) > 0.5 then 'prevalence_contradictoire'
    end as anomalie,
    {{ provenance() }}
from lue
