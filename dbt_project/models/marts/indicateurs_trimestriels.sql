-- The long table: one row per indicator × territory × quarter; the value may be null, the status never.
{%- set indicateurs = [
    'taux_ald_sans_mt',
    'file_active_moyenne_mg',
    'effectif_mg_liberaux',
    'densite_mg_liberaux',
    'apl_mg',
    'part_pop_apl_inf_2_5',
    'nb_msp',
    'nb_centres_sante',
    'delai_moyen_acces_specialistes',
] %}

with points as (
{%- for code in indicateurs %}
    select
        '{{ code }}' as code_indicateur,
        niveau,
        code_territoire,
        date_reference,
        numerateur,
        denominateur,
        valeur,
        source,
        edition,
        sha256,
        date_extraction,
        statut_source,
        motif,
        version_methode
    from {{ ref('ind_' ~ code) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}
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
    serie.valeur,
    null::double as borne_basse,
    null::double as borne_haute,
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
order by
    serie.code_indicateur, serie.niveau, serie.code_territoire, serie.trimestre
