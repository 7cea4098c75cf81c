-- Head counts are read at every level; that they add up is a check, not a computation.
with mg as (
    select demographie.*
    from {{ ref('stg_ameli__demographie_effectifs_densites') }} as demographie
    inner join {{ ref('ref_professions_cnam') }} as professions
        on professions.profession_sante = demographie.profession_sante
        and professions.code_profession = 'mg_hors_mep'
    where demographie.classe_age = 'tout_age'
        and demographie.libelle_sexe = 'tout sexe'
        and demographie.niveau <> 'inconnu'
)

select
    niveau,
    code_territoire,
    date_reference,
    case when motif_effectif is null then effectif_nb end as numerateur,
    null::double as denominateur,
    case when motif_effectif is null then effectif_nb end as valeur,
    'ameli.demographie_effectifs_densites' as source,
    edition,
    sha256,
    date_extraction,
    case when motif_effectif is null then 'observe' else 'masque' end as statut_source,
    motif_effectif as motif,
    'v1' as version_methode
from mg
where motif_effectif is not null or effectif_nb is not null
