-- A published rate times the patients of the last mapping of pathologies that was not later than it, at every
-- level: nothing is summed. The rate is rounded to a tenth of a point: hence the bounds.
{%- set demi_arrondi = 0.05 %}
{%- set age_maximal = 'interval 3 year' %}
with taux as (
    select *
    from {{ ref('ind_taux_ald_sans_mt') }}
),

patients as (
    select
        niveau,
        code_territoire,
        date_reference as date_patients,
        patients_nb,
        motif as motif_patients
    from {{ ref('stg_ameli__pathologies_effectifs') }}
    where code_pathologie = 'ALD_CAT_CAT'
        and classe_age = 'tsage'
        and sexe = '9'
        and anomalie is null
        and niveau <> 'inconnu'
),

rapportes as (
    select
        taux.*,
        patients.patients_nb,
        patients.date_patients,
        coalesce(taux.motif, patients.motif_patients) as motif_estimation
    from taux
    -- Without a mapping, or with one that is too old, there is nothing to multiply.
    asof inner join patients
        on patients.niveau = taux.niveau
        and patients.code_territoire = taux.code_territoire
        and taux.date_reference >= patients.date_patients
    where patients.date_patients >= taux.date_reference - {{ age_maximal }}
)

select
    niveau,
    code_territoire,
    date_reference,
    case when motif_estimation is null then round(valeur * patients_nb / 100) end as numerateur,
    patients_nb as denominateur,
    case when motif_estimation is null then round(valeur * patients_nb / 100) end as valeur,
    case
        when motif_estimation is null then round(greatest(valeur - {{ demi_arrondi }}, 0) * patients_nb / 100)
    end as borne_basse,
    case
        when motif_estimation is null then round(least(valeur + {{ demi_arrondi }}, 100) * patients_nb / 100)
    end as borne_haute,
    source,
    edition,
    sha256,
    date_extraction,
    case when motif_estimation is null then 'estime' else 'masque' end as statut_source,
    motif_estimation as motif,
    -- The year of the patients is part of the method.
    'v1-patients-' || year(date_patients) as version_methode
from rapportes
