{#-
    The quarter spine, the carry-forward and the statuses, in one place (INDICATEURS, part A rules).

    points   name of a CTE of dated points: code_indicateur, niveau, code_territoire, date_reference,
             numerateur, denominateur, valeur, borne_basse, borne_haute, source, edition, sha256, date_extraction, statut_source,
             motif, secret (why confidentiality masks it, else null), version_methode
    Gives one row per indicator × territory × quarter, whatever the sources hold.
-#}
{% macro serie_trimestrielle(points) -%}
-- A point speaks for the quarter end that it is within 15 days of; the nearest one wins.
points_dates as (
    select
        *,
        {{ fin_de_trimestre_proche('date_reference') }} as fin_trimestre
    from {{ points }}
),

points_trimestres as (
    select
        points_dates.*,
        {{ rang_trimestre('points_dates.fin_trimestre') }} as rang_point
    from points_dates
    where fin_trimestre is not null
    qualify row_number() over (
        partition by code_indicateur, niveau, code_territoire, fin_trimestre
        order by abs(date_reference - fin_trimestre), date_extraction desc
    ) = 1
),

-- When an indicator has begun to exist anywhere: before that, nothing was received.
receptions as (
    select code_indicateur, min(fin_trimestre) as premiere_fin
    from points_trimestres
    group by code_indicateur
),

-- What needs a partner's file is in no open source, whatever open files it is crossed with.
sources_par_indicateur as (
    select code_indicateur, bool_or(est_deposee) as attend_un_depot
    from {{ source('registre', 'sources_indicateurs') }}
    group by code_indicateur
),

squelette as (
    select
        catalogue.code_indicateur,
        territoires.niveau,
        territoires.code_territoire,
        territoires.libelle_territoire,
        calendrier.trimestre,
        calendrier.fin_trimestre,
        calendrier.rang_trimestre,
        catalogue.unite,
        catalogue.report_max_trimestres,
        catalogue.confidentialite_regle,
        list_contains(catalogue.hors_champ, territoires.niveau || '/' || territoires.code_territoire) as est_hors_champ,
        coalesce(sources.attend_un_depot, true) as attend_un_depot,
        receptions.premiere_fin <= calendrier.fin_trimestre as est_recu
    from {{ source('registre', 'catalogue_indicateurs') }} as catalogue
    cross join {{ ref('ref_territoires') }} as territoires
    cross join {{ ref('int_trimestres__calendrier') }} as calendrier
    left join sources_par_indicateur as sources on sources.code_indicateur = catalogue.code_indicateur
    left join receptions on receptions.code_indicateur = catalogue.code_indicateur
),

rapproches as (
    select
        squelette.*,
        dernier.rang_point,
        squelette.rang_trimestre - dernier.rang_point as age,
        dernier.date_reference,
        dernier.numerateur,
        dernier.denominateur,
        dernier.valeur,
        dernier.borne_basse,
        dernier.borne_haute,
        dernier.source,
        dernier.edition,
        dernier.sha256,
        dernier.date_extraction,
        dernier.statut_source,
        dernier.motif as motif_source,
        dernier.secret,
        dernier.version_methode
    from squelette
    asof left join points_trimestres as dernier
        on dernier.code_indicateur = squelette.code_indicateur
        and dernier.niveau = squelette.niveau
        and dernier.code_territoire = squelette.code_territoire
        and squelette.fin_trimestre >= dernier.fin_trimestre
),

statues as (
    select
        *,
        case
            when est_hors_champ then 'hors_champ'
            when rang_point is null then 'non_disponible'
            when age > report_max_trimestres and age > 0 then 'perime'
            when statut_source = 'masque' then 'masque'
            when age > 0 then 'reporte'
            else statut_source
        end as statut
    from rapproches
),

serie as (
    select
        code_indicateur,
        niveau,
        code_territoire,
        libelle_territoire,
        trimestre,
        fin_trimestre,
        rang_trimestre,
        unite,
        statut,
        case statut
            when 'non_disponible' then
                case
                    when est_recu then 'hors_perimetre'
                    when attend_un_depot then 'aucune_source_ouverte'
                    else 'edition_non_recue'
                end
            when 'perime' then 'trop_ancien'
            when 'masque' then motif_source
        end as motif,
        case
            when statut = 'masque' then coalesce(secret, 'masque_par_le_producteur')
            when confidentialite_regle = 'aucune' then 'libre'
            when confidentialite_regle = 'seuil_frequence' then 'libre_selon_le_seuil'
            else 'libre_selon_le_producteur'
        end as statut_conf,
        {%- for colonne in ['valeur', 'borne_basse', 'borne_haute', 'numerateur', 'denominateur'] %}
        case when statut in ('observe', 'provisoire', 'estime', 'reporte') then {{ colonne }} end as {{ colonne }},
        {%- endfor %}
        date_reference,
        age as age_trimestres,
        source,
        edition,
        sha256,
        date_extraction,
        version_methode
    from statues
)
{%- endmacro %}
