-- The barometer revises its figures: what it first said of each point, and what it says last.
select
    code_indicateur_barometre,
    niveau,
    code_territoire,
    date_reference,
    premiere_valeur,
    premiere_edition,
    derniere_valeur,
    derniere_edition,
    ecart,
    nb_editions::integer as nb_editions,
    nb_revisions::integer as nb_revisions,
    est_encore_publiee
from {{ ref('int_barometre__revisions') }}
order by code_indicateur_barometre, niveau, code_territoire, date_reference
