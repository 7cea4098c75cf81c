-- Head counts are read at every level; that they add up is a check, not a computation.
select
    niveau,
    code_territoire,
    date_reference,
    effectif_nb as numerateur,
    null::double as denominateur,
    effectif_nb as valeur,
    'ameli.demographie_effectifs_densites' as source,
    edition,
    sha256,
    date_extraction,
    case when motif_effectif is null then 'observe' else 'masque' end as statut_source,
    motif_effectif as motif,
    'v1' as version_methode
from {{ ref('int_demographie__mg_liberaux') }}
where motif_effectif is not null or effectif_nb is not null
