-- How much a figure moves after its first publication: of each indicator and level, over the figures that another
-- file came to confirm or to change. A point of another method is another figure; a carried figure is none.
with chiffres as (
    select
        code_indicateur,
        niveau,
        arg_min(valeur, connu_depuis) as premiere,
        arg_max(valeur, connu_depuis) as derniere,
        count(distinct sha256) > 1 or count(distinct valeur) > 1 as est_reexamine
    from {{ ref('valeurs_connues') }}
    where statut in ('observe', 'provisoire', 'estime') and valeur is not null
    group by code_indicateur, niveau, code_territoire, trimestre, date_reference, version_methode
),

ecarts as (
    select
        code_indicateur,
        niveau,
        est_reexamine,
        round(derniere - premiere, 9) as ecart,
        round(100 * abs(derniere - premiere) / nullif(abs(premiere), 0), 9) as ecart_relatif
    from chiffres
),

mesures as (
    select
        code_indicateur,
        niveau,
        count(*) as nb_chiffres,
        count_if(est_reexamine) as nb_reexamines,
        count_if(ecart <> 0) as nb_revises,
        -- A figure that nothing examined again has no gap to add.
        {{ somme_exacte('ecart') }} as somme_des_revisions,
        quantile_cont(abs(ecart), 0.5) filter (where est_reexamine) as revision_mediane,
        quantile_cont(abs(ecart), 0.9) filter (where est_reexamine) as revision_p90,
        quantile_cont(ecart_relatif, 0.5) filter (where est_reexamine) as revision_mediane_pct,
        quantile_cont(ecart_relatif, 0.9) filter (where est_reexamine) as revision_p90_pct
    from ecarts
    group by code_indicateur, niveau
),

-- Under so many figures a median and a ninth decile are hearsay.
jugees as (
    select *, nb_reexamines >= {{ var('revisions_min') }} as est_mesurable from mesures
)

select
    catalogue.code_indicateur,
    niveaux.niveau,
    catalogue.unite,
    coalesce(jugees.nb_chiffres, 0)::integer as nb_chiffres,
    coalesce(jugees.nb_reexamines, 0)::integer as nb_reexamines,
    coalesce(jugees.nb_revises, 0)::integer as nb_revises,
    {%- for mesure, formule in {
        'part_revisee_pct': '100 * jugees.nb_revises / jugees.nb_reexamines',
        'revision_moyenne': 'jugees.somme_des_revisions / jugees.nb_reexamines',
        'revision_mediane': 'jugees.revision_mediane',
        'revision_p90': 'jugees.revision_p90',
        'revision_mediane_pct': 'jugees.revision_mediane_pct',
        'revision_p90_pct': 'jugees.revision_p90_pct',
    }.items() %}
    case when jugees.est_mesurable then round({{ formule }}, 9) end as {{ mesure }},
    {%- endfor %}
    case
        when jugees.est_mesurable then null
        when coalesce(jugees.nb_chiffres, 0) = 0 then 'aucun_chiffre'
        when jugees.nb_reexamines = 0 then 'jamais_reexamine'
        else 'trop_peu_de_chiffres'
    end as motif
from {{ source('registre', 'catalogue_indicateurs') }} as catalogue
cross join (select distinct niveau from {{ ref('ref_territoires') }}) as niveaux
left join jugees
    on jugees.code_indicateur = catalogue.code_indicateur
    and jugees.niveau = niveaux.niveau
order by catalogue.code_indicateur, niveaux.niveau
