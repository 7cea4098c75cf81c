"""What each factsheet says, read from a published ``entrepot.duckdb`` alone: plain data, already in words."""

import dataclasses
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import duckdb

from acces_soins import french
from acces_soins.factsheets import charts, headline, spread
from acces_soins.factsheets.figures import change_in_words, describe, usual_revisions
from acces_soins.factsheets.selection import CHART_QUARTERS, CHARTS, CODES, PHRASES, THEMES
from acces_soins.formats.about import LICENCE, PUBLISHER, TRIAL, About
from acces_soins.query import records

CHANGES_SHOWN = 6
LIMITS_SHOWN = 2

DEPARTMENTS = """
    select
        territoires.code_territoire as code,
        territoires.libelle_territoire as label,
        territoires.code_region as region_code,
        regions.libelle_territoire as region_label,
        count(*) over (partition by territoires.code_region) = 1 as alone
    from marts.territoires
    inner join marts.territoires as regions
        on regions.niveau = 'region' and regions.code_territoire = territoires.code_region
    where territoires.niveau = 'departement'
    order by code
"""
SIMILAR = """
    select code_departement, libelle_semblable
    from marts.departements_semblables
    order by code_departement, rang
"""
# A carried figure also tells whether the point that it repeats was provisional; a rank, who shares it.
FIGURES = """
    with ex_aequo as (
        select code_indicateur, trimestre, rang, count(*) as nb_ex_aequo
        from marts.comparaisons
        where niveau = 'departement' and rang is not null
        group by code_indicateur, trimestre, rang
    )

    select
        fiche.*,
        catalogue.decimales,
        catalogue.sens,
        catalogue.nature,
        (select max(trimestre) from marts.indicateurs_trimestriels) as dernier_trimestre,
        points.statut as statut_point,
        comparaisons.cible,
        comparaisons.echeance,
        comparaisons.distance_cible,
        fiabilite.revision_mediane,
        fiabilite.revision_p90,
        ex_aequo.nb_ex_aequo,
        regions.date_reference as date_region,
        france.date_reference as date_france
    from marts.fiche_departement as fiche
    inner join marts.catalogue_indicateurs as catalogue
        on catalogue.code_indicateur = fiche.code_indicateur
    left join marts.indicateurs_trimestriels as points
        on points.code_indicateur = fiche.code_indicateur
        and points.niveau = 'departement'
        and points.code_territoire = fiche.code_departement
        and points.date_reference = fiche.date_reference
        and points.age_trimestres = 0
    left join marts.comparaisons as comparaisons
        on comparaisons.code_indicateur = fiche.code_indicateur
        and comparaisons.niveau = 'departement'
        and comparaisons.code_territoire = fiche.code_departement
        and comparaisons.trimestre = fiche.trimestre
    left join marts.fiabilite_premieres_estimations as fiabilite
        on fiabilite.code_indicateur = fiche.code_indicateur
        and fiabilite.niveau = 'departement'
    left join ex_aequo
        on ex_aequo.code_indicateur = fiche.code_indicateur
        and ex_aequo.trimestre = fiche.trimestre
        and ex_aequo.rang = fiche.rang
    left join marts.indicateurs_trimestriels as regions
        on regions.code_indicateur = fiche.code_indicateur
        and regions.niveau = 'region'
        and regions.code_territoire = fiche.code_region
        and regions.trimestre = fiche.trimestre
        and regions.valeur is not null
    left join marts.indicateurs_trimestriels as france
        on france.code_indicateur = fiche.code_indicateur
        and france.niveau = 'france'
        and france.trimestre = fiche.trimestre
        and france.valeur is not null
    where fiche.code_indicateur in (select unnest($codes))
    order by fiche.code_departement, list_position($codes, fiche.code_indicateur)
"""
# A target that moves from quarter to quarter is a pace.
NATIONAL_TARGETS = """
    select
        comparaisons.code_indicateur,
        arg_max(comparaisons.cible, comparaisons.trimestre) as cible,
        arg_max(comparaisons.echeance, comparaisons.trimestre) as echeance,
        arg_max(comparaisons.distance_cible, comparaisons.trimestre) as distance_cible,
        count(distinct comparaisons.cible) > 1 and max(comparaisons.echeance) is null as rythme
    from marts.comparaisons
    where comparaisons.niveau = 'france'
        and comparaisons.code_indicateur in (select unnest($codes))
        and comparaisons.cible is not null
    group by comparaisons.code_indicateur
"""
SERIES = """
    select
        series.code_indicateur,
        series.niveau,
        series.code_territoire,
        series.trimestre,
        series.valeur,
        series.statut,
        series.version_methode,
        cibles.cible
    from marts.indicateurs_trimestriels as series
    left join marts.comparaisons as cibles
        on cibles.code_indicateur = series.code_indicateur
        and cibles.niveau = series.niveau
        and cibles.code_territoire = series.code_territoire
        and cibles.trimestre = series.trimestre
        and cibles.niveau = 'france'
    where series.code_indicateur in (select unnest($codes)) and series.trimestre in (select unnest($quarters))
    order by series.code_indicateur, series.niveau, series.code_territoire, series.trimestre
"""
SPREADS = "select * from marts.dispersion_apl order by code_territoire, date_reference"
# The last point of each indicator, if it is of the last quarters and comparable with the one before.
CHANGES = """
    select
        points.code_territoire,
        points.code_indicateur,
        catalogue.libelle,
        catalogue.unite,
        catalogue.decimales,
        points.valeur,
        points.evolution,
        points.date_reference,
        points.date_reference_precedente
    from marts.indicateurs_trimestriels as points
    inner join marts.catalogue_indicateurs as catalogue
        on catalogue.code_indicateur = points.code_indicateur
    where points.niveau = 'departement'
        and points.age_trimestres = 0
        and points.evolution is not null
        and points.date_reference >= $since
    qualify row_number() over (
        partition by points.code_territoire, points.code_indicateur order by points.date_reference desc
    ) = 1
    order by
        points.code_territoire,
        round(points.evolution, catalogue.decimales) = 0,
        coalesce(list_position($codes, points.code_indicateur), 1 + len($codes)),
        points.code_indicateur
"""
# Of the last publication that revised anything.
REVISIONS = """
    select
        code_territoire,
        publication_nouvelle,
        count(*) as nb_valeurs
    from marts.revisions
    where niveau = 'departement'
        and publication_nouvelle = (select max(publication_nouvelle) from marts.revisions)
    group by code_territoire, publication_nouvelle
"""
FRESHNESS = """
    select
        fraicheur.*,
        catalogue.producteur,
        catalogue.description
    from marts.fraicheur_sources as fraicheur
    inner join marts.catalogue_sources as catalogue on catalogue.source = fraicheur.source
    order by catalogue.producteur, fraicheur.source
"""


def departments(connection: duckdb.DuckDBPyConnection) -> list[dict]:
    """The départements by code: code, label, region_code, region_label, alone (its région has no other)."""
    return records(connection, DEPARTMENTS)


def read(
    connection: duckdb.DuckDBPyConnection, about: About, codes: Sequence[str] | None = None
) -> Iterator[dict]:
    """One factsheet's content per département, ready for JSON; numbers are left only where lines are drawn.

    Args:
        connection: a published file.
        about: what the sheets say of the publication; fictitious figures are marked whatever it says.
        codes: départements wanted; all by default.
    """
    if _is_trial(connection):
        about = dataclasses.replace(about, trial=True)
    quarters = _last_quarters(connection)
    since = _two_quarters_before(about.date_arrete)
    figures = _group(records(connection, FIGURES, {"codes": list(CODES)}), "code_departement")
    targets = {
        row["code_indicateur"]: row for row in records(connection, NATIONAL_TARGETS, {"codes": list(CODES)})
    }
    similar = _group(records(connection, SIMILAR), "code_departement")
    series = _group(
        records(connection, SERIES, {"codes": list(CHARTS), "quarters": quarters}),
        "code_indicateur",
        "niveau",
        "code_territoire",
    )
    drawn = charts.choose(series)
    spreads = _group(records(connection, SPREADS), "code_territoire")
    changes = _group(records(connection, CHANGES, {"codes": list(CODES), "since": since}), "code_territoire")
    revisions = {row["code_territoire"]: row for row in records(connection, REVISIONS)}
    freshness = {row["source"]: row for row in records(connection, FRESHNESS)}
    for department in departments(connection):
        code = department["code"]
        if codes is not None and code not in codes:
            continue
        rows = {row["code_indicateur"]: row for row in figures[code]}
        chosen = headline.choose(rows.values())
        yield {
            **_identity(department, similar[code], quarters[-1], about),
            "headline": headline.sentences(chosen, rows.values(), PHRASES),
            "themes": _themes(rows, targets),
            "charts": [
                charts.chart(rows[indicator], series, department, quarters)
                for indicator in drawn
                if indicator in rows
            ],
            "spread": spread.describe(spreads[code], rows.get("apl_mg")),
            "changes": _changes(changes[code]),
            "since": french.date(since),
            "revisions": _revisions(revisions.get(code), about),
            "usual_revisions": usual_revisions((rows[name] for name in CODES if name in rows), PHRASES),
            "limits": _limits([row for _, row in chosen]),
            "sources": list(_sources(rows.values(), freshness, about)),
            "data": _data(code, about),
        }


def _group(rows: Iterable[dict], *keys: str) -> defaultdict[str | tuple, list[dict]]:
    pick: Callable[[dict], str | tuple] = (
        (lambda row: row[keys[0]]) if len(keys) == 1 else lambda row: tuple(row[key] for key in keys)
    )
    groups = defaultdict(list)
    for row in rows:
        groups[pick(row)].append(row)
    return groups


def _is_trial(connection: duckdb.DuckDBPyConnection) -> bool:
    """What the figures say of themselves prevails over what is said of them."""
    query = "select coalesce(bool_or(donnees = 'essai'), false) from marts.fiche_departement"
    return connection.execute(query).fetchone()[0]


def _last_quarters(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select distinct trimestre from marts.indicateurs_trimestriels order by 1 desc limit ?",
        [CHART_QUARTERS],
    ).fetchall()
    return sorted(quarter for (quarter,) in rows)


def _two_quarters_before(closing: dt.date) -> dt.date:
    """First day of the quarter before the last one: sources speak of a quarter one quarter later."""
    months = closing.year * 12 + 3 * ((closing.month - 1) // 3) - 3
    return dt.date(months // 12, months % 12 + 1, 1)


def _identity(department: dict, similar: list[dict], quarter: str, about: About) -> dict:
    return {
        **department,
        "trial": TRIAL if about.trial else None,
        "title": f"Accès aux soins : {department['label']} ({department['code']}), {french.quarter(quarter)}"
        + (f" — {TRIAL}" if about.trial else ""),
        "publisher": PUBLISHER,
        "quarter": french.quarter(quarter),
        "closed": french.date(about.date_arrete),
        "publication": about.label,
        "published": french.date(about.published_at),
        "date": [about.published_at.year, about.published_at.month, about.published_at.day],
        "similar": ", ".join(row["libelle_semblable"] for row in similar),
    }


def _themes(rows: dict[str, dict], targets: dict[str, dict]) -> list[dict]:
    themes = (
        (theme.title, [describe(rows[code], targets.get(code)) for code in theme.figures if code in rows])
        for theme in THEMES
    )
    return [{"title": title, "figures": figures} for title, figures in themes if figures]


def _changes(rows: list[dict]) -> dict:
    moved = [row for row in rows if round(row["evolution"], row["decimales"]) != 0]
    return {
        "lines": [change_in_words(row) for row in moved[:CHANGES_SHOWN]],
        "none": "Aucun chiffre n'a bougé" if rows else "Aucun point n'a été observé",
        "rest": " ".join(_others(len(moved) - CHANGES_SHOWN, len(rows) - len(moved))),
    }


def _others(more: int, same: int) -> Iterator[str]:
    if more > 0:
        yield f"{more} autres indicateurs ont bougé." if more > 1 else "Un autre indicateur a bougé."
    if same > 0:
        yield (
            f"{same} autres points sont nouveaux, sans changement à l'arrondi."
            if same > 1
            else "Un autre point est nouveau, sans changement à l'arrondi."
        )


def _revisions(row: dict | None, about: About) -> str:
    if about.parent is None:
        return "Première publication : aucune valeur n'a encore pu être révisée."
    if row is None:
        return "Aucune valeur déjà publiée pour ce département n'a été révisée."
    told = (
        f"{row['nb_valeurs']} valeurs déjà publiées ont été révisées"
        if row["nb_valeurs"] > 1
        else "Une valeur déjà publiée a été révisée"
    )
    return f"{told} (publication {row['publication_nouvelle']})\u00a0: la table revisions dit pourquoi."


def _limits(rows: Sequence[dict]) -> list[dict]:
    """The limits of the figures that the headline names, each once."""
    named = {row["libelle_indicateur"]: row["limites"] for row in rows}
    return [{"label": label, "text": text} for label, text in list(named.items())[:LIMITS_SHOWN]]


def _sources(rows: Iterable[dict], freshness: dict[str, dict], about: About) -> Iterator[dict]:
    used = {row["source"] for row in rows if row["source"]}
    for source in sorted(used & freshness.keys(), key=lambda name: (freshness[name]["producteur"], name)):
        row = freshness[source]
        expected = row["attendue_le"]
        late = expected is not None and expected < about.published_at.date()
        yield {
            "producer": row["producteur"],
            "content": re.split(r"[,;(.]", row["description"])[0].strip(),
            "edition": f"{row['date_edition']:%d/%m/%Y}" if row["date_edition"] else "–",
            "received": f"{row['derniere_extraction']:%d/%m/%Y}" if row["derniere_extraction"] else "–",
            "expected": f"{expected:%d/%m/%Y}" if expected else "–",
            "late": late,
            "missing": bool(row["periodes_manquantes"]),
        }


def _data(code: str, about: About) -> dict:
    return {
        "path": about.path,
        "citation": about.citation,
        "licence": LICENCE["title"],
        "query": f"select * from marts.fiche_departement where code_departement = '{code}'",
    }
