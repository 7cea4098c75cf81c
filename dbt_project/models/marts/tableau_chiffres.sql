-- The figure to show for each indicator and territory: that of the last quarter that has one, else the last
-- quarter with the reason of its absence; beside it what it is compared with, ready to read.
with dernieres as (
    select *
    from {{ ref('tableau_de_bord') }}
    qualify row_number() over (
        partition by code_indicateur, niveau, code_territoire
        order by valeur is null, trimestre desc
    ) = 1
),

cibles as (
    select
        code_indicateur,
        niveau,
        code_territoire,
        trimestre,
        echeance,
        distance_cible,
        progression_pct,
        atteinte,
        date_atteinte_estimee,
        rythme_necessaire,
        centile_rythme
    from {{ ref('comparaisons') }}
    where cible is not null
)

select
    dernieres.code_indicateur,
    dernieres.niveau,
    dernieres.code_territoire,
    dernieres.libelle_indicateur,
    dernieres.theme,
    themes.libelle as libelle_theme,
    dernieres.ordre_vedette,
    dernieres.libelle_complet,
    dernieres.libelle_region,
    dernieres.trimestre,
    dernieres.periode,
    dernieres.valeur,
    dernieres.valeur_texte,
    dernieres.unite_texte,
    dernieres.sens,
    dernieres.statut,
    dernieres.libelle_statut,
    lower(dernieres.libelle_motif[1]) || dernieres.libelle_motif[2:] as raison,
    dernieres.date_reference,
    dernieres.age_trimestres,
    dernieres.evolution_texte,
    dernieres.jugement,
    dernieres.date_point_precedent,
    case when dernieres.valeur is not null and dernieres.est_comparable then
        {{ valeur_ecrite('dernieres.valeur_region', 'dernieres.decimales', 'dernieres.nature') }}
    end as valeur_region_texte,
    case when dernieres.valeur is not null and dernieres.est_comparable then
        {{ valeur_ecrite('dernieres.valeur_france', 'dernieres.decimales', 'dernieres.nature') }}
    end as valeur_france_texte,
    case when dernieres.valeur is not null and dernieres.nature <> 'marque' then
        {{ valeur_ecrite('dernieres.mediane_semblables', 'dernieres.decimales', 'dernieres.nature') }}
    end as mediane_semblables_texte,
    dernieres.rang,
    dernieres.nb_classes,
    dernieres.evolution_rang,
    dernieres.position,
    motifs.libelle as raison_position,
    dernieres.tendance,
    {{ nombre_ecrit('round(dernieres.cible, dernieres.decimales)') }} as cible_texte,
    cibles.echeance,
    case when cibles.echeance is null then {{ nombre_ecrit('rythmes.valeur') }} end as rythme_vise_texte,
    case
        when cibles.distance_cible <= 0 then 'cible atteinte'
        else 'reste ' || ltrim(
            {{ evolution_ecrite('cibles.distance_cible', 'dernieres.decimales', 'dernieres.unite') }}, '+'
        )
    end as distance_texte,
    cibles.progression_pct,
    case
        when cibles.code_indicateur is null then null
        when cibles.atteinte = 'atteinte' then 'atteinte'
        when cibles.echeance < dernieres.date_trimestre then 'manquee'
        else 'en_cours'
    end as etat_cible,
    cibles.date_atteinte_estimee,
    cibles.rythme_necessaire,
    cibles.centile_rythme,
    dernieres.source,
    dernieres.libelle_source,
    dernieres.donnees
from dernieres
left join cibles using (code_indicateur, niveau, code_territoire, trimestre)
left join {{ ref('cibles') }} as rythmes
    on rythmes.nature = 'evolution_annuelle_pct'
    and rythmes.code_indicateur = cibles.code_indicateur
    and rythmes.niveau = cibles.niveau
    and rythmes.code_territoire in (cibles.code_territoire, '*')
left join {{ ref('ref_libelles') }} as themes on themes.liste = 'theme' and themes.code = dernieres.theme
left join {{ ref('ref_libelles') }} as motifs
    on motifs.liste = 'motif_position' and motifs.code = dernieres.motif_position
order by dernieres.code_indicateur, dernieres.niveau, dernieres.code_territoire
