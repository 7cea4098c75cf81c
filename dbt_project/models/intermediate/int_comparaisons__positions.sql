-- Better, similar or worse than France: judged only where an interval suits the figure, so that a small
-- département is not shamed by noise. Limits at 99.8 %, as in control charts (Spiegelhalter, 2005).
with chiffres as (
    select
        series.code_indicateur,
        series.niveau,
        series.code_territoire,
        series.trimestre,
        series.valeur,
        catalogue.sens,
        catalogue.nature,
        series.numerateur,
        coalesce(series.denominateur, effectifs.denominateur) as denominateur,
        france.valeur as valeur_france
    from {{ ref('int_indicateurs__series') }} as series
    inner join {{ source('registre', 'catalogue_indicateurs') }} as catalogue
        on catalogue.code_indicateur = series.code_indicateur
    -- A share published without its denominator is judged with that of the indicator that has one.
    left join {{ ref('int_indicateurs__series') }} as effectifs
        on effectifs.code_indicateur = catalogue.denominateur_de
        and effectifs.niveau = series.niveau
        and effectifs.code_territoire = series.code_territoire
        and effectifs.trimestre = series.trimestre
    left join {{ ref('int_indicateurs__series') }} as france
        on france.code_indicateur = series.code_indicateur
        and france.niveau = 'france'
        and france.trimestre = series.trimestre
    where series.niveau <> 'france' and series.valeur is not null
),

-- The scale turns a count into the published figure: its own ratio, or that of its denominator at zero.
echelles as (
    select
        *,
        coalesce(valeur / nullif(numerateur, 0), {{ var('base_densite') }} / nullif(denominateur, 0)) as echelle
    from chiffres
),

intervalles as (
    select
        *,
        case
            when nature = 'densite' then {{ byar_bas('numerateur', 'echelle', var('z_position')) }}
            when nature = 'proportion' and denominateur > 0
                then {{ wilson('valeur', 'denominateur', '-', var('z_position')) }}
        end as intervalle_bas,
        case
            when nature = 'densite' then {{ byar_haut('numerateur', 'echelle', var('z_position')) }}
            when nature = 'proportion' and denominateur > 0
                then {{ wilson('valeur', 'denominateur', '+', var('z_position')) }}
        end as intervalle_haut
    from echelles
)

select
    code_indicateur,
    niveau,
    code_territoire,
    trimestre,
    round(intervalle_bas, 9) as intervalle_bas,
    round(intervalle_haut, 9) as intervalle_haut,
    case
        when sens = 'neutre' or intervalle_bas is null or intervalle_haut is null or valeur_france is null
            then 'sans jugement'
        when intervalle_bas > valeur_france then case sens when 'hausse' then 'mieux' else 'moins bien' end
        when intervalle_haut < valeur_france then case sens when 'hausse' then 'moins bien' else 'mieux' end
        else 'semblable'
    end as position,
    case
        when sens = 'neutre' then 'sens_neutre'
        when nature = 'nombre' then 'nombre_sans_reference'
        when nature in ('moyenne', 'part_territoriale', 'marque') then 'dispersion_inconnue'
        when valeur_france is null then 'sans_valeur_france'
        when intervalle_bas is null or intervalle_haut is null then 'effectif_inconnu'
    end as motif_position
from intervalles
