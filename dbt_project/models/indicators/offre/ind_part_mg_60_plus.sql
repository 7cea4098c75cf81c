-- The age classes are read from their labels, which the producer may change; a class that lies over the
-- boundary gives no share at all.
with classes as (
    select
        *,
        {{ entiers('libelle_classe_age') }} as ages,
        {{ cle_libelle('libelle_classe_age') }} as cle
    from {{ ref('stg_ameli__demographie_effectifs_densites') }}
    where code_profession = 'mg_hors_mep' and libelle_sexe = 'tout sexe' and niveau <> 'inconnu'
),

bornees as (
    select
        *,
        classe_age = 'tout_age' as est_ensemble,
        case when cle like 'moins%' then 0 else ages[1] end as age_min,
        case when cle like 'moins%' then ages[1] - 1 when cle like '%plus%' then 999 else ages[-1] end as age_max
    from classes
),

parts as (
    select
        niveau,
        code_territoire,
        date_reference,
        sum(effectif_nb) filter (where not est_ensemble and age_min >= {{ var('age_mg_ages') }}) as numerateur,
        any_value(effectif_nb) filter (where est_ensemble) as denominateur,
        any_value(motif_effectif) filter (where est_ensemble or age_min >= {{ var('age_mg_ages') }}) as motif,
        max(edition) as edition,
        max(sha256) as sha256,
        max(date_extraction) as date_extraction
    from bornees
    group by niveau, code_territoire, date_reference
    having count(*) filter (
        where not est_ensemble and age_min < {{ var('age_mg_ages') }} and age_max >= {{ var('age_mg_ages') }}
    ) = 0
    and count(*) filter (where not est_ensemble and age_min >= {{ var('age_mg_ages') }}) > 0
)

{{ points_part('parts', 'ameli.demographie_effectifs_densites') }}
