"""From a published figure back to the landed file: value, formula, editions, hashes, lines, corrections."""

import csv
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from acces_soins import french, landing, publication, query
from acces_soins.catalog import Source, get_source, load_indicators
from acces_soins.errors import ConfigurationError
from acces_soins.landing import Manifest
from acces_soins.settings import PROJECT
from acces_soins.sql_text import literal

CORRECTIONS = PROJECT / "dbt_project" / "seeds" / "ref_corrections.csv"
TERRITORIES = PROJECT / "dbt_project" / "seeds" / "ref_territoires.csv"
LABELS = PROJECT / "dbt_project" / "seeds" / "ref_libelles.csv"
FIRST_LINES = 5
LEVELS = ("departement", "region", "france")

# How a file says which département a row is of: the first of these columns that it has decides.
COMMUNE = "case when {0} like '97%' then left({0}, 3) else left({0}, 2) end"
DEPARTMENT = {
    "departement": "regexp_replace(regexp_extract({0}, '^[0-9AB]+'), '^0(..)$', '\\1')",
    "dept": "{0}",
    "dep": "{0}",
    "code_departement": "{0}",
    "code_commune": COMMUNE,
    "codgeo": COMMUNE,
    "nofinesset": "case when {0} like '970%' then '97' || substr({0}, 4, 1) when {0} like '98%' then '976' "
    "else left({0}, 2) end",
    "enforce_zone_id": "case when {0} like 'D%' then substr({0}, 2) end",
    "code_territoire": "{0}",
    "code": "{0}",
}
REGION = {
    "region": "regexp_extract({0}, '^[0-9]+')",
    "reg": "{0}",
    "enforce_zone_id": "case when {0} like 'R%' then substr({0}, 2) end",
    "code_territoire": "{0}",
}
COUNTRY = {"region": "99", "enforce_zone_id": "FRANCE", "code_territoire": "FR"}
# Columns that date a row, and how much of the figure's day they hold.
DATES = {"date": 10, "date_situation": 10, "date_reference": 10, "metric_enforce_date": 7, "annee": 4}

Line = tuple[str, str]


def explain(indicator: str, territory: str, quarter: str, level: str | None = None) -> list[Line]:
    """Label and text of each link of the chain, in the order in which a reader asks.

    ``territory`` is an INSEE code or ``FR``; where a département and a région share it, the département
    is meant unless ``level`` says otherwise. Raises ConfigurationError for an unknown indicator,
    territory or quarter.
    """
    figure, *others = _figures(indicator, territory, quarter, level)
    meta = load_indicators()[indicator].meta
    return [
        ("Indicateur", f"{meta['libelle']} ({indicator})"),
        ("Territoire", f"{figure['libelle_territoire']} ({figure['niveau']} {territory}), {quarter}"),
        *_namesakes(others),
        ("Valeur", _value(figure, meta)),
        ("Statut", _status(figure)),
        ("Formule", meta["formule"]),
        *_parts(figure),
        *_origin(figure),
        *_other_sources(indicator, figure["source"]),
        *corrections(figure, meta["sources"]),
        ("Méthode", f"{figure['version_methode'] or '—'} ; limites : {meta['limites']}"),
        ("Publication", _version()),
    ]


def _figures(indicator: str, territory: str, quarter: str, level: str | None) -> list[dict[str, Any]]:
    """The figure that is asked for, then those of other levels under the same code.

    The order of the levels' names puts the département before its namesakes.
    """
    if indicator not in load_indicators():
        raise ConfigurationError(
            f"indicateur inconnu : « {indicator} ». Les codes sont dans catalogue_indicateurs "
            '(acces-soins sql "select code_indicateur, libelle from marts.catalogue_indicateurs").'
        )
    for text, form in ((territory, r"\w{2,3}"), (quarter, r"\d{4}T[1-4]")):
        if not re.fullmatch(form, text):
            raise ConfigurationError(
                f"« {text} » : attendu un code Insee (2A, 974, FR), puis un trimestre (2025T2)."
            )
    if level not in (None, *LEVELS):
        raise ConfigurationError(f"niveau « {level} » : attendu {', '.join(LEVELS)}.")
    found = query.run(
        "select * from marts.indicateurs_trimestriels "
        f"where code_indicateur = '{indicator}' and code_territoire = '{territory}' "
        f"and trimestre = '{quarter}'" + (f" and niveau = '{level}'" if level else "") + " order by niveau"
    ).to_pylist()
    if not found:
        raise ConfigurationError(
            f"rien pour {territory} au {quarter} : code ou trimestre hors de la série publiée."
        )
    return found


def _namesakes(others: list[dict]) -> Iterator[Line]:
    for other in others:
        yield (
            "Homonyme",
            f"{other['libelle_territoire']} ({other['niveau']}) a le même code : --level {other['niveau']}",
        )


def _value(figure: dict, meta: dict) -> str:
    if figure["valeur"] is None:
        return "aucune (le statut dit pourquoi)"
    value = french.number(figure["valeur"], meta["decimales"])
    text = f"{value} {figure['unite']} (exactement {figure['valeur']!r})"
    if figure["borne_basse"] is not None:
        low, high = (
            french.number(figure[name], meta["decimales"]) for name in ("borne_basse", "borne_haute")
        )
        text += f", entre {low} et {high}"
    return text


def _status(figure: dict) -> str:
    labels = {(row["liste"], row["code"]): row["libelle"] for row in _rows(LABELS)}
    text = labels["statut", figure["statut"]]
    if figure["motif"]:
        text += f" : {labels['motif', figure['motif']]}"
    if figure["date_reference"]:
        text += f" ; date de référence {figure['date_reference']:%d/%m/%Y}"
    if figure["age_trimestres"]:
        text += f", il y a {figure['age_trimestres']} trimestre(s)"
    return text


def _parts(figure: dict) -> Iterator[Line]:
    for name, label in (("numerateur", "Numérateur"), ("denominateur", "Dénominateur")):
        if figure[name] is not None:
            yield label, french.exact(figure[name])


def _origin(figure: dict) -> Iterator[Line]:
    """The edition that speaks, its file and its lines."""
    if figure["source"] is None:
        return
    yield (
        "Source",
        f"{figure['source']}, édition {figure['edition']}, reçue le {figure['date_extraction']} (UTC)",
    )
    yield "Empreinte", f"sha256 {figure['sha256']}"
    source = get_source(figure["source"])
    manifest = next((m for m in landing.manifests(source) if m.sha256 == figure["sha256"]), None)
    if manifest is None:
        yield "Fichier", "absent de cette archive (elle est sur la machine qui construit l'entrepôt)"
        return
    yield "Fichier", f"{manifest.folder / manifest.fichier} ({manifest.rows} lignes, {manifest.url})"
    if not manifest.table.exists():
        yield "Lignes", "octets élagués par la règle d'archivage ; le manifeste reste"
        return
    yield "Lignes", _lines(source, manifest, figure)


def _lines(source: Source, manifest: Manifest, figure: dict) -> str:
    """Which lines of the file speak of that territory at that date, and the cells that hold the figure."""
    names = [column.name for column in source.columns if not column.personal]
    with duckdb.connect() as connection:
        rows = f"read_parquet({literal(manifest.table)})"
        connection.execute(f"create table lignes as from {rows} where {_place(names, figure)}")
        if condition := _date(names, figure["date_reference"]):
            connection.execute(f"delete from lignes where not coalesce({condition}, false)")
        count, first, last = connection.execute(
            "select count(*), min(_ligne), max(_ligne) from lignes"
        ).fetchone()
        cells = [cell for name in names for cell in _cells(connection, name, figure)]
    if count == 0:
        return (
            f"aucune n'est propre à ce territoire : le chiffre est fait des {manifest.rows} lignes du fichier"
        )
    where = f"ligne {first}" if count == 1 else f"{count} lignes, de la {first} à la {last}"
    return where + (
        f" ; {' ; '.join(cells[:FIRST_LINES])}" if cells else ", comptées ou sommées selon la formule"
    )


def _place(names: list[str], figure: dict) -> str:
    """Condition on a row's territory."""
    code = figure["code_territoire"]
    if figure["niveau"] == "france":
        known = {name: f"'{total}' = {{0}}" for name, total in COUNTRY.items()}
    else:
        known = {
            name: f"'{code}' = {place}"
            for name, place in (REGION if figure["niveau"] == "region" else DEPARTMENT).items()
        }
    column = next((name for name in known if name in names), None)
    place = known[column].format(f'"{column}"') if column else "false"
    if figure["niveau"] == "region" and {"region", "departement"} <= set(names):
        place += " and departement = '999'"  # the région's own row, not those of its départements
    return place


def _date(names: list[str], day: dt.date) -> str | None:
    column = next((name for name in DATES if name in names), None)
    return f"left(\"{column}\", {DATES[column]}) = '{day.isoformat()[: DATES[column]]}'" if column else None


def _cells(connection: duckdb.DuckDBPyConnection, name: str, figure: dict) -> list[str]:
    """The cells of a column that hold the figure or one of its parts, with their line."""
    wanted = {figure[part] for part in ("valeur", "numerateur", "denominateur")} - {None}
    number = f"try_cast(replace(\"{name}\", ',', '.') as double)"
    found = connection.execute(
        f'select _ligne, "{name}" from lignes where list_contains($1, {number}) '
        f"order by _ligne limit {FIRST_LINES}",
        [list(wanted)],
    ).fetchall()
    return [f"ligne {line}, colonne {name} = {cell}" for line, cell in found]


def _other_sources(indicator: str, main: str | None) -> Iterator[Line]:
    """The other sources of the formula, with the edition that counts."""
    for source_id in load_indicators()[indicator].meta["sources"]:
        if source_id != main:
            last = landing.latest(get_source(source_id))
            yield (
                "Autre source",
                (
                    f"{source_id}, édition {last.edition}, sha256 {last.sha256}"
                    if last
                    else f"{source_id}, jamais reçue"
                ),
            )


def corrections(figure: dict, sources: list[str]) -> Iterator[Line]:
    """The corrections of these sources whose row speaks of the figure's territory and day."""
    found = [row for row in _rows(CORRECTIONS) if row["source"] in sources and _concerns(row, figure)]
    for row in found:
        yield (
            "Correction",
            (
                f"{row['source']} {row['cle']}, {row['colonne']} : « {row['ancienne_valeur']} » lu "
                f"« {row['nouvelle_valeur']} » ({row['motif']})"
            ),
        )
    if not found:
        yield "Corrections", "aucune ne touche ce chiffre"


def _concerns(correction: dict[str, str], figure: dict) -> bool:
    """Whether the corrected row is among those of the figure; a key that names no place is told to all."""
    cells = dict(zip(get_source(correction["source"]).key, correction["cle"].split("|"), strict=True))
    dated = next((name for name in DATES if name in cells), None)
    if dated and figure["date_reference"]:
        length = DATES[dated]
        if cells[dated][:length] != figure["date_reference"].isoformat()[:length]:
            return False
    column = next((name for name in DEPARTMENT if name in cells), None)
    if figure["niveau"] == "france" or column is None:
        return True
    place = DEPARTMENT[column].format("$1")
    department = duckdb.execute(f"select {place}", [cells[column]]).fetchone()[0]
    regions = {
        row["code_territoire"]: row["code_region"]
        for row in _rows(TERRITORIES)
        if row["niveau"] == "departement"
    }
    own = department if figure["niveau"] == "departement" else regions.get(department)
    return own == figure["code_territoire"]


def _version() -> str:
    version = publication.current_version()
    return f"version {version['version']}, arrêtée au {version['date_arrete']}, code {version['commit']}"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
