-- One row per territory, year, sex and age class. GEO says « millésime-niveau-code »: a région and a
-- département may have the same code, so the level belongs to the key.
with source as (
    select
        *,
        split_part(geo, '-', 1)::integer as millesime,
        split_part(geo, '-', 2) as niveau_insee,
        split_part(geo, '-', 3) as code_insee
    from {{ source('insee', 'ds_estimation_population') }}
    {{ derniere_edition('geo, time_period, ep_measure, sex, age') }}
)

select
    -- à vérifier sur le portail : F, la France entière (F_X_D976 est la France hors Mayotte).
    case
        when niveau_insee = 'DEP' then 'departement'
        when niveau_insee = 'REG' then 'region'
        when niveau_insee = 'COM' then 'commune'
        when niveau_insee = 'FRANCE' and code_insee = 'F' then 'france'
        else 'autre'
    end as niveau,
    case when niveau_insee = 'FRANCE' and code_insee = 'F' then 'FR' else code_insee end as code_territoire,
    niveau_insee,
    millesime as millesime_geographique,
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
