-- Figures that others published, beside ours. On trial data nothing is compared: fictitious figures prove nothing.
with observatoire as (
    select code_indicateur, niveau, code_territoire, trimestre, valeur, source, edition
    from {{ ref('indicateurs_trimestriels') }}
    where statut in ('observe', 'provisoire', 'estime')
    union all
    select
        'population' as code_indicateur,
        niveau,
        code_territoire,
        {{ libelle_trimestre('date_reference') }} as trimestre,
        population_nb as valeur,
        'insee.estimation_population_gca' as source,
        edition
    from {{ ref('int_population__par_territoire') }}
),

confrontes as (
    select
        publies.*,
        observatoire.valeur as valeur_observatoire,
        observatoire.source as source_observatoire,
        observatoire.edition,
        contexte.donnees = 'essai' as est_essai
    from {{ ref('valeurs_publiees') }} as publies
    cross join {{ source('registre', 'contexte') }} as contexte
    left join observatoire
        on observatoire.code_indicateur = publies.code_indicateur
        and observatoire.niveau = publies.niveau
        and observatoire.code_territoire = publies.code_territoire
        and observatoire.trimestre = {{ libelle_trimestre('publies.date_reference') }}
        and contexte.donnees <> 'essai'
)

select
    code_indicateur,
    niveau,
    code_territoire,
    date_reference,
    valeur as valeur_publiee,
    valeur_observatoire,
    round(valeur_observatoire - valeur, 6) as ecart,
    tolerance,
    case
        when est_essai then 'non_compare'
        when valeur_observatoire is null then 'sans_reponse'
        when round(abs(valeur_observatoire - valeur), 6) <= tolerance then 'conforme'
        else 'ecart'
    end as resultat,
    source,
    reference,
    source_observatoire,
    edition,
    commentaire
from confrontes
order by code_indicateur, niveau, code_territoire, date_reference
