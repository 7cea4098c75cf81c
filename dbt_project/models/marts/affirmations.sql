-- What the founding documents claim, beside what is measured. The verdict is computed, never typed:
--   1. a figure about something else than what anyone measures is « autre_champ »;
--   2. a promise whose day has not come, or a claim that nothing measures, is « inverifiable »;
--   3. the others are held against the measure, within the tolerance of their row.
-- Our own figure of the quarter speaks first, else the one that another published. A fictitious figure never judges.
with affirmations as (
    select
        claims.*,
        documents.titre as document_titre,
        contexte.donnees = 'essai' as est_essai,
        claims.date_reference > contexte.date_arrete as est_a_venir
    from {{ ref('ref_affirmations') }} as claims
    inner join {{ ref('ref_documents') }} as documents on documents.document = claims.document
    cross join {{ source('registre', 'contexte') }} as contexte
),

mesures as (
    select
        affirmations.*,
        points.valeur as valeur_observatoire,
        points.date_reference as date_observatoire,
        points.source as source_observatoire,
        case
            when points.valeur is not null and not est_essai then 'observatoire'
            when valeur_publiee is not null then 'publie'
            when points.valeur is not null then 'essai'
        end as origine
    from affirmations
    left join {{ ref('indicateurs_trimestriels') }} as points
        on points.code_indicateur = affirmations.code_indicateur
        and points.niveau = affirmations.niveau
        and points.code_territoire = affirmations.code_territoire
        and points.trimestre = {{ libelle_trimestre('affirmations.date_reference') }}
        and points.statut in ('observe', 'provisoire', 'estime')
),

ecarts as (
    select
        *,
        case when origine = 'publie' then valeur_publiee else valeur_observatoire end as valeur_mesuree,
        case when origine = 'publie' then date_publiee else date_observatoire end as date_mesure,
        case when origine = 'publie' then source_publiee else source_observatoire end as source_mesure,
        -- Rounded: a gap equal to what is admitted is admitted, whatever the doubles.
        round(valeur_mesuree - valeur_affirmee, 9) as ecart,
        round(tolerance_pct / 100 * abs(valeur_affirmee), 9) as ecart_admis
    from mesures
),

juges as (
    select
        *,
        case
            when est_autre_champ = 'oui' then 'autre_champ'
            when est_a_venir or origine is null or origine = 'essai' then 'inverifiable'
            when comparateur = 'egal' and abs(ecart) <= ecart_admis then 'confirmee'
            when comparateur = 'au_moins' and ecart >= -ecart_admis then 'confirmee'
            when comparateur = 'au_plus' and ecart <= ecart_admis then 'confirmee'
            else 'contredite'
        end as verdict
    from ecarts
)

select
    id,
    document_titre as document,
    citation,
    mesure,
    code_indicateur,
    niveau,
    code_territoire,
    valeur_affirmee,
    unite,
    comparateur,
    tolerance_pct,
    date_reference,
    valeur_mesuree,
    date_mesure,
    source_mesure,
    verdict,
    concat_ws(
        ' ',
        case
            when verdict = 'autre_champ' then null
            when est_a_venir then 'L''échéance du ' || {{ date_ecrite('date_reference') }} || ' n''est pas passée.'
            when origine is null then 'Aucun chiffre reçu ni publié ne mesure cette affirmation à sa date.'
            when origine = 'essai' then 'Données d''essai : un chiffre fictif ne juge pas une affirmation réelle.'
            else concat(
                'Affirmé : ',
                case comparateur when 'au_moins' then 'au moins ' when 'au_plus' then 'au plus ' else '' end,
                {{ nombre_ecrit('valeur_affirmee') }}, ' ', unite, '. Mesuré : ', {{ nombre_ecrit('valeur_mesuree') }},
                ' au ', {{ date_ecrite('date_mesure') }}, ' (', source_mesure, '). Écart admis : ',
                {{ nombre_ecrit('tolerance_pct') }}, ' %.'
            )
        end,
        -- A remark that explains why nothing measured falls away once the observatory measures.
        case
            when verdict = 'autre_champ' or valeur_publiee is not null or coalesce(origine, '') <> 'observatoire'
                then remarque
        end
    ) as raison
from juges
order by id
