-- Liberal professionals of each profession, all ages, both sexes; a mask hides the figure beside it.
select
    demographie.code_profession,
    demographie.niveau,
    demographie.code_territoire,
    demographie.date_reference,
    case when demographie.motif_effectif is null then demographie.effectif_nb end as effectif_nb,
    case when demographie.motif_densite is null then demographie.densite_pour_100k end as densite_pour_100k,
    demographie.motif_effectif,
    demographie.motif_densite,
    demographie.edition,
    demographie.sha256,
    demographie.date_extraction
from {{ ref('stg_ameli__demographie_effectifs_densites') }} as demographie
where demographie.code_profession is not null
    and demographie.classe_age = 'tout_age'
    and demographie.libelle_sexe = 'tout sexe'
    and demographie.niveau <> 'inconnu'
