"""``datapackage.json`` (Frictionless): a Table Schema for each CSV file, a fingerprint for every file."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from acces_soins.errors import ConfigurationError
from acces_soins.formats import checksums, delimited
from acces_soins.formats.about import (
    CAVEATS,
    KEYWORDS,
    LICENCE,
    PUBLISHER,
    STATUSES,
    About,
)
from acces_soins.formats.tables import Column, Link, Table, links

FILE = "datapackage.json"
TYPES = {
    "VARCHAR": "string",
    "DOUBLE": "number",
    "FLOAT": "number",
    "DECIMAL": "number",
    "BIGINT": "integer",
    "HUGEINT": "integer",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}
IN_FRENCH = {
    "number": {"decimalChar": ","},
    "boolean": {"trueValues": ["VRAI"], "falseValues": ["FAUX"]},
}
# A column's unit, by the last word of its name, or by its first one.
UNITS = {"_pct": "%", "_jours": "jours", "_trimestres": "trimestres", "octets": "octets"}
COUNTED = ("nb_", "rang")
OF_THE_ROW = ("valeur", "borne_basse", "borne_haute", "evolution", "cible", "mediane", "ancienne", "nouvelle")
CLOSED_LISTS = {
    "niveau": ["departement", "region", "france"],
    "statut": list(STATUSES),
    "sens": ["hausse", "baisse", "neutre"],
}
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".html": "text/html",
    ".md": "text/markdown",
    ".cff": "application/yaml",
    ".jsonld": "application/ld+json",
    ".json": "application/json",
}


def write(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], folder: Path, about: About) -> Path:
    """Describe every file that stands in ``folder``: the CSV ones by their schema, the others as files."""
    in_csv = [table for table in tables if table.in_csv]
    described = {
        path: resource for table in in_csv for path, resource in _tabular(connection, table, folder, in_csv)
    }
    others = sorted(p for p in folder.rglob("*") if p.is_file() and p not in described)
    package = {
        "$schema": "https://specs.frictionlessdata.io/schemas/data-package.json",
        "profile": "data-package",
        "name": f"acces-soins-{about.name.lower()}",
        "title": about.title,
        "description": about.description,
        "version": about.name,
        "created": about.published_at.isoformat(timespec="seconds"),
        "keywords": list(KEYWORDS),
        "contributors": [{"title": PUBLISHER, "role": "publisher"}],
        "licenses": [LICENCE],
        "sources": list(_sources(connection)),
        "donnees": "essai" if about.trial else "reelles",
        "citation": about.citation,
        "chemin_permanent": about.path,
        "date_arrete": about.date_arrete.isoformat(),
        "commit": about.commit,
        "publication_precedente": about.parent,
        "notes": list(about.notes),
        "statuts": [{"code": s.code, "libelle": s.label, "sens": s.meaning} for s in STATUSES.values()],
        "mises_en_garde": list(CAVEATS),
        "archive": dict(sorted(about.chain_heads.items())),
        "resources": [*described.values(), *(_plain(path, folder) for path in others)],
    }
    path = folder / FILE
    path.write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def table_schema(table: Table, held: Sequence[Link], names: dict[str, str], instants: str) -> dict:
    """Table Schema of a table.

    Args:
        table: the table.
        held: its foreign keys.
        names: table → name of the resource that its foreign keys point to.
        instants: format of the instants in the file, as ``strptime`` reads it.
    """
    schema = {
        "fields": [_field(column, table.key, instants) for column in table.columns],
        "missingValues": [""],
    }
    if table.key:
        schema["primaryKey"] = list(table.key)
    if held:
        schema["foreignKeys"] = [
            {"fields": list(k.fields), "reference": {"resource": names[k.table], "fields": list(k.fields)}}
            for k in held
        ]
    return schema


def unit(name: str) -> str | None:
    """The unit that a column's name tells, or where to read it."""
    if name in OF_THE_ROW or name.startswith("valeur_"):
        return "celle de l'indicateur (colonne unite, ou catalogue_indicateurs)"
    found = next((shown for end, shown in UNITS.items() if name.endswith(end)), None)
    return found or ("nombre" if name.startswith(COUNTED) else None)


def _field(column: Column, key: Sequence[str], instants: str) -> dict:
    kind = _type(column)
    field = {"name": column.name, "type": kind, "description": column.description}
    if kind in ("number", "integer") and (known := unit(column.name)):
        field["unit"] = known
    if kind == "datetime":
        field["format"] = instants
    constraints = {"required": True} if column.name in key else {}
    if column.name in CLOSED_LISTS:
        constraints["enum"] = CLOSED_LISTS[column.name]
    return field | ({"constraints": constraints} if constraints else {})


def _type(column: Column) -> str:
    """Raises ConfigurationError for a type that a Table Schema has no word for."""
    kind = column.type.partition("(")[0]
    if kind not in TYPES:
        raise ConfigurationError(
            f"colonne {column.name} : type {column.type} sans équivalent dans un Table Schema. Convertir la "
            f"colonne dans son modèle vers l'un des types {', '.join(TYPES)}."
        )
    return TYPES[kind]


def _tabular(connection, table: Table, folder: Path, tables: Sequence[Table]) -> Iterator[tuple[Path, dict]]:
    """The two CSV editions of a table."""
    iso, french = folder / f"{table.name}.csv", folder / delimited.SPREADSHEET / f"{table.name}.csv"
    held = links(connection, table, tables)
    schema = table_schema(table, held, {t.name: t.name for t in tables}, delimited.ISO_INSTANT)
    dialect = {"delimiter": ",", "lineTerminator": "\n"}
    yield iso, _resource(table.name, table, iso, folder, dialect, schema, "utf-8")
    schema = table_schema(table, held, {t.name: _french_name(t) for t in tables}, delimited.FRENCH_INSTANT)
    for field in schema["fields"]:
        field |= IN_FRENCH.get(field["type"], {})
    dialect = {"delimiter": ";", "lineTerminator": "\r\n"}
    yield french, _resource(_french_name(table), table, french, folder, dialect, schema, "utf-8-sig")


def _french_name(table: Table) -> str:
    return f"{table.name}-{delimited.SPREADSHEET}"


def _resource(name, table: Table, path: Path, folder: Path, dialect, schema, encoding) -> dict:
    return {
        "name": name,
        "profile": "tabular-data-resource",
        "title": table.name,
        "description": table.description,
        "format": "csv",
        "encoding": encoding,
        "dialect": dialect,
        "lignes": table.rows,
        **_fingerprint(path, folder),
        "schema": schema,
    }


def _plain(path: Path, folder: Path) -> dict:
    place = path.relative_to(folder).as_posix()
    return {
        "name": place.lower().replace("/", "-").replace(".", "-"),
        "profile": "data-resource",
        "type": "file",
        "format": path.suffix.removeprefix("."),
        **_fingerprint(path, folder),
    }


def _fingerprint(path: Path, folder: Path) -> dict:
    return {
        "path": path.relative_to(folder).as_posix(),
        "mediatype": MEDIA_TYPES.get(path.suffix, "text/plain"),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{checksums.sha256(path)}",
    }


def _sources(connection) -> Iterator[dict]:
    for source, producer, description, portal, licence in connection.execute(
        "select source, producteur, description, portail, licence from marts.catalogue_sources order by 1"
    ).fetchall():
        yield {
            "title": f"{producer} — {description}",
            "path": portal,
            "source": source,
            "licence": licence or "aucun fichier reçu : licence non lue",
        }
