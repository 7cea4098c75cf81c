-- The long table: one row per indicator × territory × quarter.
select
    code_indicateur,
    niveau,
    code_territoire,
    libelle_territoire,
    trimestre,
    valeur,
    borne_basse,
    borne_haute,
    unite,
    numerateur,
    denominateur,
    statut,
    motif,
    statut_conf,
    date_reference,
    age_trimestres,
    evolution,
    evolution_pct,
    date_reference_precedente,
    source,
    edition,
    sha256,
    date_extraction,
    version_methode
from {{ ref('int_indicateurs__series') }}
order by code_indicateur, niveau, code_territoire, trimestre
