-- One row per indicator × territory × quarter; the value may be null, the status never.
-- What confidentiality masks has no figure from here on: nothing derived can give it back.
with points as (
    select
        points.* replace (
            {%- for colonne in ['valeur', 'borne_basse', 'borne_haute', 'numerateur', 'denominateur'] %}
            case when masques.statut_conf is null then points.{{ colonne }} end as {{ colonne }},
            {%- endfor %}
            case when masques.statut_conf is null then points.statut_source else 'masque' end as statut_source,
            case when masques.statut_conf is null then points.motif else 'secret' end as motif,
            -- What stands on two sides of a break is not of one series.
            points.version_methode || coalesce('-rupture-' || ruptures.date_rupture, '') as version_methode
        ),
        masques.statut_conf as secret
    from {{ ref('int_indicateurs__points') }} as points
    left join {{ ref('int_indicateurs__masques') }} as masques
        on masques.code_indicateur = points.code_indicateur
        and masques.niveau = points.niveau
        and masques.code_territoire = points.code_territoire
        and masques.date_reference = points.date_reference
    asof left join {{ ref('ref_ruptures') }} as ruptures
        on ruptures.code_indicateur = points.code_indicateur
        and points.date_reference >= ruptures.date_rupture
),

{{ serie_trimestrielle('points') }},

-- Only points that a source published for that quarter compare, and only with the same method.
comparables as (
    select
        code_indicateur,
        niveau,
        code_territoire,
        rang_trimestre,
        lag(valeur) over points_successifs as valeur_precedente,
        lag(date_reference) over points_successifs as date_reference_precedente
    from serie
    where statut in ('observe', 'provisoire') and age_trimestres = 0
    window points_successifs as (
        partition by code_indicateur, niveau, code_territoire, version_methode order by rang_trimestre
    )
)

select
    serie.code_indicateur,
    serie.niveau,
    serie.code_territoire,
    serie.libelle_territoire,
    serie.trimestre,
    serie.fin_trimestre,
    serie.rang_trimestre,
    serie.valeur,
    serie.borne_basse,
    serie.borne_haute,
    serie.unite,
    serie.numerateur,
    serie.denominateur,
    serie.statut,
    serie.motif,
    serie.statut_conf,
    serie.date_reference,
    serie.age_trimestres::integer as age_trimestres,
    round(serie.valeur - comparables.valeur_precedente, 9) as evolution,
    round(
        100 * (serie.valeur - comparables.valeur_precedente) / nullif(abs(comparables.valeur_precedente), 0), 9
    ) as evolution_pct,
    comparables.date_reference_precedente,
    serie.source,
    serie.edition,
    serie.sha256,
    serie.date_extraction,
    serie.version_methode
from serie
left join comparables
    on comparables.code_indicateur = serie.code_indicateur
    and comparables.niveau = serie.niveau
    and comparables.code_territoire = serie.code_territoire
    and comparables.rang_trimestre = serie.rang_trimestre
