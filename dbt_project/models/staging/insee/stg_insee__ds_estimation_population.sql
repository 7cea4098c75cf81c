-- One row per territory, year, sex and age class. GEO says « millésime-niveau-code »: a région and a
-- département may have the same code, so the level belongs to the key.
with source as (
    select
        *,
        regexp_extract(geo, '^(\d{4})-([^-]+)-(.+)$', ['millesime', 'niveau', 'code']) as place
    from {{ source('insee', 'ds_estimation_population') }}
    {{ derniere_edition('geo, time_period, ep_measure, sex, age') }}
)

select
    -- à vérifier sur le portail : F, la France entière (F_X_D976 est la France hors Mayotte).
    case
        when place.niveau = 'DEP' then 'departement'
        when place.niveau = 'REG' then 'region'
        when place.niveau = 'COM' then 'commune'
        when place.niveau = 'FRANCE' and place.code = 'F' then 'france'
        else 'autre'
    end as niveau,
    case when place.niveau = 'FRANCE' and place.code = 'F' then 'FR' else place.code end as code_territoire,
    place.niveau as niveau_insee,
    place.millesime::integer as millesime_geographique,
    time_period::integer as annee,
    make_date(time_period::integer, 1, 1) as date_reference,
    case sex when 'M' then 'hommes' when 'F' then 'femmes' else 'ensemble' end as sexe,
    age as code_age,
    -- _T (all ages) has no bound; Y_LT20 ends at 19, Y_LE24 at 24; Y_GE75 has no end.
    case
        when age like 'Y\_L%' escape '\' then 0
        else try_cast(regexp_extract(age, '^Y(?:_GE)?(\d+)', 1) as integer)
    end as age_min,
    case
        when age like 'Y\_LT%' escape '\' then try_cast(substr(age, 5) as integer) - 1
        when age like 'Y\_LE%' escape '\' then try_cast(substr(age, 5) as integer)
        when age not like 'Y\_GE%' escape '\' then try_cast(regexp_extract(age, '(\d+)$', 1) as integer)
    end as age_max,
    obs_value::double::bigint as population_nb,
    -- à vérifier sur le portail : la lettre du provisoire.
    coalesce(obs_status = 'P', false) as est_provisoire,
    {{ provenance() }}
from source
where ep_measure = 'POP_JAN_1ST'
