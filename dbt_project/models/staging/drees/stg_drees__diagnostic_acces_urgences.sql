-- Times are minutes; an empty one is a trip that the producer could not compute, never zero.
with source as (
    select *
    from {{ corrigee('drees', 'diagnostic_acces_urgences') }}
    {{ derniere_edition('_feuille, code_commune') }}
)

select
    code_commune,
    libelle_commune,
    {{ departement_de_code('departement') }} as code_departement,
    make_date(regexp_extract(_feuille, '(\d{4})\s*$', 1)::integer, 12, 31) as date_reference,
    su = '1' as a_su,
    smur = '1' as a_smur,
    mcs = '1' as a_mcs,
    helismur = '1' as a_helismur,
    helietat = '1' as a_helicoptere_etat,
    population::bigint as population_nb,
    typ_equip as type_equipement_proche,
    com_equipee as code_commune_equipee,
    {{ nombre('tps_su_smur') }} as temps_su_smur_min,
    {{ nombre('tps_su_smur_mcs') }} as temps_su_smur_mcs_min,
    {{ nombre('tps_ychelismur') }} as temps_avec_helismur_min,
    {{ nombre('tps_ycheli') }} as temps_avec_helicopteres_min,
    {{ provenance() }}
from source
