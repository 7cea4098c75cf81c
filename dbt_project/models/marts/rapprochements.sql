-- Published figures against our own arithmetic: the gap is shown, never corrected.
{#- What weighs each département in a mean or a rate that is read at every level: indicator and column, and the gap
    that is admitted (%), where the weights are those of the mean itself. -#}
{%- set poids = {
    'file_active_moyenne_mg': ('effectif_mg_liberaux', 'valeur', var('tolerance_moyenne_pct')),
    'file_active_moyenne_liberaux': ('effectif_medecins_liberaux', 'valeur', var('tolerance_moyenne_pct')),
    'patientele_mt_moyenne_mg': ('effectif_mg_liberaux', 'valeur', var('tolerance_moyenne_pct')),
    'taux_ald_sans_mt': ('nb_ald_sans_mt_estime', 'denominateur', 'null'),
    'taux_recours_assistants_medicaux': ('effectif_mg_liberaux', 'valeur', 'null'),
    'taux_couverture_sas': ('densite_mg_liberaux', 'denominateur', 'null'),
} %}
with indicateurs as (
    select *
    from {{ ref('indicateurs_trimestriels') }}
    where statut in ('observe', 'provisoire') and age_trimestres = 0
),

densites as (
    select
        'densite_recalculee' as rapprochement,
        code_indicateur,
        niveau,
        code_territoire,
        trimestre,
        valeur as valeur_publiee,
        round(100000 * numerateur / nullif(denominateur, 0), 6) as valeur_recalculee,
        case when niveau = 'departement' then {{ var('tolerance_densite_pct') }} end::double as tolerance_pct,
        case when niveau = 'france' then {{ var('tolerance_densite_france') }} end::double as tolerance,
        {{ var('arrondi_densite') }} as arrondi,
        'Le producteur divise par un autre millésime de population et arrondit au dixième.' as raison
    from indicateurs
    where unite = 'pour 100 000 habitants' and denominateur is not null
),

-- Of a mean that is read, whom each département counts in the mean of all: shown beside it, not in its place.
poids as (
    {%- for code, (ponderateur, colonne, tolerance) in poids.items() %}
    select
        '{{ code }}' as code_indicateur,
        code_territoire,
        trimestre,
        {{ colonne }} as poids,
        {{ tolerance }}::double as tolerance_pct
    from {{ ref('indicateurs_trimestriels') }}
    where code_indicateur = '{{ ponderateur }}' and niveau = 'departement' and {{ colonne }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A région and France as their départements make them: a sum, or a mean of those that have a weight.
parts as (
    select
        indicateurs.code_indicateur,
        indicateurs.trimestre,
        if(grouping(departements.code_region) = 1, 'france', 'region') as niveau,
        if(grouping(departements.code_region) = 1, 'FR', departements.code_region) as code_territoire,
        {{ somme_exacte('indicateurs.valeur') }} as somme,
        count(*) as nb_departements,
        round(
            {{ somme_exacte('indicateurs.valeur * poids.poids') }} / nullif({{ somme_exacte('poids.poids') }}, 0), 6
        ) as moyenne,
        any_value(poids.tolerance_pct) as tolerance_pct,
        count(poids.poids) as nb_ponderes
    from indicateurs
    inner join {{ ref('ref_territoires') }} as departements
        on departements.niveau = 'departement'
        and departements.code_territoire = indicateurs.code_territoire
    left join poids
        on poids.code_indicateur = indicateurs.code_indicateur
        and poids.code_territoire = indicateurs.code_territoire
        and poids.trimestre = indicateurs.trimestre
    where indicateurs.niveau = 'departement'
    group by
        indicateurs.code_indicateur,
        indicateurs.trimestre,
        grouping sets ((departements.code_region), ())
),

sommes as (
    select
        'somme_des_departements' as rapprochement,
        totaux.code_indicateur,
        totaux.niveau,
        totaux.code_territoire,
        totaux.trimestre,
        totaux.valeur as valeur_publiee,
        parts.somme as valeur_recalculee,
        0::double as tolerance_pct,
        0::double as tolerance,
        'Un total lu à la source peut compter des résidences inconnues, qui ne sont d''aucun département.' as raison
    from indicateurs as totaux
    inner join {{ source('registre', 'catalogue_indicateurs') }} as catalogue
        on catalogue.code_indicateur = totaux.code_indicateur
        and catalogue.additif
    inner join parts
        on parts.code_indicateur = totaux.code_indicateur
        and parts.niveau = totaux.niveau
        and parts.code_territoire = totaux.code_territoire
        and parts.trimestre = totaux.trimestre
    inner join {{ ref('int_territoires__effectifs') }} as territoires
        on territoires.niveau = totaux.niveau
        and territoires.code_territoire = totaux.code_territoire
    -- A sum that lacks one part would give its mask away.
    where parts.nb_departements >= {{ nb_departements_couverts('territoires', 'catalogue.hors_champ') }}
),

moyennes as (
    select
        'moyenne_ponderee' as rapprochement,
        totaux.code_indicateur,
        totaux.niveau,
        totaux.code_territoire,
        totaux.trimestre,
        totaux.valeur as valeur_publiee,
        parts.moyenne as valeur_recalculee,
        parts.tolerance_pct,
        null::double as tolerance,
        'La moyenne des départements est pondérée par leurs médecins, leurs patients ou leurs habitants, du dernier '
        || 'chiffre connu ; le producteur compte aussi les résidences inconnues et pondère à sa date.' as raison
    from indicateurs as totaux
    inner join parts
        on parts.code_indicateur = totaux.code_indicateur
        and parts.niveau = totaux.niveau
        and parts.code_territoire = totaux.code_territoire
        and parts.trimestre = totaux.trimestre
    inner join {{ ref('int_territoires__effectifs') }} as territoires
        on territoires.niveau = totaux.niveau
        and territoires.code_territoire = totaux.code_territoire
    -- A mean that lacks one part would give its mask away.
    where parts.nb_ponderes = territoires.nb_departements and parts.moyenne is not null
),

-- Two publications of nearly one thing: the gap is shown and not judged.
complements as (
    select
        'complement_du_barometre' as rapprochement,
        barometre.code_indicateur,
        barometre.niveau,
        barometre.code_territoire,
        barometre.trimestre,
        barometre.valeur as valeur_publiee,
        round(100 - observatoire.valeur, 6) as valeur_recalculee,
        null::double as tolerance_pct,
        null::double as tolerance,
        'Autre champ (régimes comptés, médecins traitants qui ont cessé d''exercer) : '
        || 'la part avec médecin traitant du baromètre n''est pas le complément exact de la part sans.' as raison
    from indicateurs as barometre
    inner join indicateurs as observatoire
        on observatoire.niveau = barometre.niveau
        and observatoire.code_territoire = barometre.code_territoire
        and observatoire.trimestre = barometre.trimestre
    where barometre.code_indicateur = 'taux_ald_avec_mt_barometre'
        and observatoire.code_indicateur = 'taux_ald_sans_mt'
),

-- The producer publishes the share of the oldest for France alone.
parts_de_60_ans as (
    select
        'part_60_plus_publiee' as rapprochement,
        calculee.code_indicateur,
        calculee.niveau,
        calculee.code_territoire,
        calculee.trimestre,
        publiee.part_60_plus_pct as valeur_publiee,
        calculee.valeur as valeur_recalculee,
        null::double as tolerance_pct,
        {{ var('tolerance_part_60_plus') }}::double as tolerance,
        'La part publiée est arrondie ; la nôtre additionne les effectifs des classes d''âge.' as raison
    from indicateurs as calculee
    inner join {{ ref('stg_ameli__demographie_ages_moyens') }} as publiee
        on publiee.niveau = calculee.niveau
        and publiee.code_territoire = calculee.code_territoire
        and publiee.date_reference = calculee.date_reference
    where calculee.code_indicateur = 'part_mg_60_plus'
        and publiee.code_profession = 'mg_hors_mep'
        and publiee.motif is null
),

reunis as (
    select * from densites
    union all by name
    select * from sommes
    union all by name
    select * from moyennes
    union all by name
    select * from complements
    union all by name
    select * from parts_de_60_ans
)

select
    rapprochement,
    code_indicateur,
    niveau,
    code_territoire,
    trimestre,
    valeur_publiee,
    valeur_recalculee,
    round(valeur_recalculee - valeur_publiee, 6) as ecart,
    round(100 * (valeur_recalculee - valeur_publiee) / nullif(valeur_publiee, 0), 6) as ecart_pct,
    tolerance,
    tolerance_pct,
    coalesce(abs(valeur_recalculee - valeur_publiee) <= tolerance, true)
    and coalesce(
        100 * greatest(abs(valeur_recalculee - valeur_publiee) - coalesce(arrondi, 0), 0) / nullif(valeur_publiee, 0)
        <= tolerance_pct,
        true
    )
        as conforme,
    raison
from reunis
order by rapprochement, code_indicateur, niveau, code_territoire, trimestre
