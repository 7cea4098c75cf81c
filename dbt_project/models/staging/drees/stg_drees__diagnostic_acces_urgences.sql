-- Times are minutes; an empty one is a trip that the producer could not compute, never zero.
with source as (
    select *
    from {{ corrigee('drees', 'diagnostic_acces_urgences') }}
    {{ derniere_edition('_feuille, code_commune') }}
),

departements as (
    select code_territoire, code_finess
    from {{ ref('ref_territoires') }}
    where niveau = 'departement'
)

select
    source.code_commune,
    source.libelle_commune,
    departements.code_territoire as code_departement,
    make_date(regexp_extract(source._feuille, '(\d{4})\s*$', 1)::integer, 12, 31) as date_reference,
    source.su = '1' as a_su,
    source.smur = '1' as a_smur,
    source.mcs = '1' as a_mcs,
    source.helismur = '1' as a_helismur,
    source.helietat = '1' as a_helicoptere_etat,
    source.population::bigint as population_nb,
    source.typ_equip as type_equipement_proche,
    source.com_equipee as code_commune_equipee,
    {{ nombre('source.tps_su_smur') }} as temps_su_smur_min,
    {{ nombre('source.tps_su_smur_mcs') }} as temps_su_smur_mcs_min,
    {{ nombre('source.tps_ychelismur') }} as temps_avec_helismur_min,
    {{ nombre('source.tps_ycheli') }} as temps_avec_helicopteres_min,
    source._edition as edition,
    source._sha256 as sha256,
    source._date_extraction as date_extraction
from source
left join departements
    on source.departement in (departements.code_finess, departements.code_territoire)
