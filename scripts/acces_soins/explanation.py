"""From a published figure back to the landed file: value, formula, editions, hashes, lines, corrections."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acces_soins import french, landed_lines, landing, publication, query
from acces_soins.catalog import Source, get_source, load_indicators
from acces_soins.errors import ConfigurationError
from acces_soins.formats.about import REASONS, STATUSES
from acces_soins.landing import Manifest
from acces_soins.settings import PROJECT

CORRECTIONS = PROJECT / "dbt_project" / "seeds" / "ref_corrections.csv"
LEVELS = ("departement", "region", "france")

Line = tuple[str, str]


def explain(indicator: str, territory: str, quarter: str, level: str | None = None) -> list[Line]:
    """Label and text of each link of the chain, in the order in which a reader asks.

    ``territory`` is an INSEE code or ``FR``; where a département and a région share it, the département
    is meant unless ``level`` says otherwise. Raises ConfigurationError for an unknown indicator,
    territory or quarter.
    """
    figure, *others = _figures(indicator, territory, quarter, level)
    meta = load_indicators()[indicator].meta
    version = publication.current_version()
    return [
        ("Indicateur", f"{meta['libelle']} ({indicator})"),
        ("Territoire", f"{figure['libelle_territoire']} ({figure['niveau']} {territory}), {quarter}"),
        *_namesakes(others),
        ("Valeur", _value(figure, meta)),
        ("Statut", _status(figure)),
        ("Formule", meta["formule"]),
        *_parts(figure),
        *_origin(figure, version),
        *_other_sources(indicator, figure, version),
        *corrections(figure, meta["sources"]),
        ("Méthode", f"{figure['version_methode'] or '—'} ; limites : {meta['limites']}"),
        ("Publication", _told(version)),
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
    text = f"{value} {figure['unite']}"
    if (whole := french.unrounded(figure["valeur"])) != value.replace(french.THOUSANDS, ""):
        text += f" (exactement {whole})"
    if figure["borne_basse"] is not None:
        low, high = (
            french.number(figure[name], meta["decimales"]) for name in ("borne_basse", "borne_haute")
        )
        text += f", entre {low} et {high}"
    return text


def _status(figure: dict) -> str:
    status = STATUSES[figure["statut"]]
    text = f"{status.label}. {status.meaning}"
    if figure["motif"]:
        text += f" Motif : {REASONS[figure['motif']]}."
    if figure["date_reference"]:
        text += f" Date de référence : {figure['date_reference']:%d/%m/%Y}"
        age = figure["age_trimestres"]
        text += f", soit {age} {french.agreed('trimestre(s)', age)} plus tôt." if age else "."
    return text


def _parts(figure: dict) -> Iterator[Line]:
    for name, label in (("numerateur", "Numérateur"), ("denominateur", "Dénominateur")):
        if figure[name] is not None:
            yield label, french.exact(figure[name])


def _origin(figure: dict, version: dict) -> Iterator[Line]:
    """The edition that speaks, its file and its lines; then how many editions of that source count."""
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
    elif not manifest.table.exists():
        yield "Fichier", _file(manifest)
        yield "Lignes", "octets élagués par la règle d'archivage ; le manifeste reste"
    else:
        yield "Fichier", _file(manifest)
        yield "Lignes", landed_lines.describe(source, manifest, figure)
    editions = [edition for edition, _ in _editions(source, version)]
    if len(editions) > 1:  # each has its own sha256 in version.json
        yield (
            "Éditions",
            f"{len(editions)} éditions de cette source sont lues, de {editions[0]} à {editions[-1]}",
        )


def _file(manifest: Manifest) -> str:
    return f"{manifest.folder / manifest.fichier} ({manifest.rows} lignes, {manifest.url})"


def _editions(source: Source, version: dict) -> list[tuple[str, str]]:
    """Edition and sha256 of what the served version read of a source, in the order of their days."""
    prefix = f"{source.id}/"
    read = [
        (key.removeprefix(prefix), sha256)
        for key, sha256 in version["editions"].items()
        if key.startswith(prefix)
    ]
    return sorted(read, key=lambda pair: source.date_of(pair[0]))


def _other_sources(indicator: str, figure: dict, version: dict) -> Iterator[Line]:
    """The other sources of the formula: what the served version read of each, and the parts found there."""
    for source_id in load_indicators()[indicator].meta["sources"]:
        if source_id == figure["source"]:
            continue
        source = get_source(source_id)
        read = _editions(source, version)
        # Of several editions, the last one that was not later than the figure.
        spoken = [
            pair
            for pair in read
            if figure["date_reference"] and source.date_of(pair[0]) <= figure["date_reference"]
        ]
        if not read:
            yield "Autre source", f"{source_id}, jamais reçue"
            continue
        edition, sha256 = (spoken or read[-1:])[-1]
        yield "Autre source", f"{source_id}, édition {edition}, sha256 {sha256}"
        manifest = landing.find(source, sha256)
        if manifest is None or not manifest.table.exists():
            continue
        if cells := landed_lines.parts_elsewhere(source, manifest, figure):
            yield "Fichier", _file(manifest)
            yield "Lignes", cells


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
    dated = next((name for name in landed_lines.DATES if name in cells), None)
    if dated and figure["date_reference"]:
        length = landed_lines.DATES[dated]
        if cells[dated][:length] != figure["date_reference"].isoformat()[:length]:
            return False
    column = next((name for name in landed_lines.DEPARTMENT if name in cells), None)
    if figure["niveau"] == "france" or column is None:
        return True
    department = landed_lines.department_of(column, cells[column])
    own = department if figure["niveau"] == "departement" else landed_lines.region_of().get(department)
    return own == figure["code_territoire"]


def _told(version: dict) -> str:
    return f"version {version['version']}, arrêtée au {version['date_arrete']}, code {version['commit']}"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
