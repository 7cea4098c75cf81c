-- Of each indicator, at the quarter shown first: how many départements have a figure, and of which status.
{%- set statuts = [
    'observe', 'provisoire', 'estime', 'reporte', 'perime', 'masque', 'non_disponible', 'hors_champ'
] %}
select
    code_indicateur,
    any_value(libelle_indicateur) as libelle_indicateur,
    any_value(theme) as theme,
    any_value(trimestre) as trimestre,
    any_value(periode) as periode,
    max(date_reference) as date_reference,
    any_value(libelle_source) as libelle_source,
    count(*)::integer as nb_departements,
    {%- for statut in statuts %}
    count(*) filter (where statut = '{{ statut }}')::integer as nb_{{ statut }},
    {%- endfor %}
    count(valeur)::integer as nb_affichables,
    string_agg(distinct libelle_motif, ' ; ' order by libelle_motif) as raisons
from {{ ref('tableau_de_bord') }}
where niveau = 'departement' and est_dernier_chiffre
group by code_indicateur
order by code_indicateur
