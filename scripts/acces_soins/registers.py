"""What SQL may know besides the sources: the catalogues, the editions, the failures, the context.

Each table is one mapping from « column type » to the value of a record, so that a column, its type
and its content stand on one line.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

import duckdb

from acces_soins import archive, history, landing, ledger
from acces_soins.catalog import Indicator, Source, load_indicators, load_sources
from acces_soins.landing import Manifest
from acces_soins.versioning import Inputs

Columns = dict[str, Callable]

CONTEXT: Columns = {
    "donnees varchar": lambda inputs: inputs.donnees,
    "date_arrete date": lambda inputs: inputs.date_arrete,
}
SOURCES: Columns = {
    "source varchar": lambda source: source.id,
    "libelle_producteur varchar": lambda source: source.producer_name,
    "description varchar": lambda source: source.description,
    "portail varchar": lambda source: source.portal,
    "jeu varchar": lambda source: source.dataset or source.meta.get("chemin"),
    "protocole varchar": lambda source: source.protocol,
    "format varchar": lambda source: source.format,
    "cadence varchar": lambda source: source.cadence,
    "delai_attendu_jours integer": lambda source: source.meta["delai_attendu_jours"],
    "cle varchar[]": lambda source: source.key,
    "nb_colonnes integer": lambda source: len(source.columns),
    "archivage varchar": lambda source: source.meta["archivage"],
}
INDICATORS: Columns = {
    "code_indicateur varchar": lambda indicator: indicator.code,
    "theme varchar": lambda indicator: indicator.theme,
    "borne_min double": lambda indicator: indicator.meta["bornes"][0],
    "borne_max double": lambda indicator: indicator.meta["bornes"][1],
    "confidentialite_regle varchar": lambda indicator: indicator.meta["confidentialite"]["regle"],
    "confidentialite_seuil integer": lambda indicator: indicator.meta["confidentialite"].get("seuil"),
    "confidentialite_contributeurs integer": (
        lambda indicator: indicator.meta["confidentialite"].get("contributeurs_minimum")
    ),
    "confidentialite_raison varchar": lambda indicator: indicator.meta["confidentialite"].get("raison"),
    "hors_champ varchar[]": lambda indicator: indicator.meta.get("hors_champ", []),
    "denominateur_de varchar": lambda indicator: indicator.meta.get("denominateur_de"),
    "variation_alerte_pct double": lambda indicator: indicator.meta.get("variation_alerte_pct"),
    "variation_alerte_points double": lambda indicator: indicator.meta.get("variation_alerte_points"),
} | {
    column: (lambda name: lambda indicator: indicator.meta[name])(column.split()[0])
    for column in (
        "libelle varchar",
        "definition varchar",
        "utilite varchar",
        "formule varchar",
        "unite varchar",
        "decimales integer",
        "sens varchar",
        "additif boolean",
        "nature varchar",
        "cadence varchar",
        "report_max_trimestres integer",
        "version_methode varchar",
        "limites varchar",
        "ne_permet_pas_de_dire varchar",
        "redige_par varchar",
        "prochaine_revue date",
    )
}
LINKS: Columns = {
    "code_indicateur varchar": lambda pair: pair[0].code,
    "source varchar": lambda pair: pair[1],
    "est_deposee boolean": lambda pair: load_sources()[pair[1]].is_deposited,
}
EDITIONS: Columns = {
    "source varchar": lambda edition: edition[0].id,
    "edition varchar": lambda edition: edition[1].edition,
    "date_edition date": lambda edition: edition[1].date,
    "sha256 varchar": lambda edition: edition[1].sha256,
    "date_extraction timestamp": lambda edition: landing.utc(edition[1].fetched_at),
    "licence varchar": lambda edition: edition[1].licence,
    "rang integer": lambda edition: edition[1].rang,
    "nature varchar": lambda edition: edition[2].value,
    "nb_lignes bigint": lambda edition: edition[1].rows,
    "octets bigint": lambda edition: edition[1].bytes,
    "octets_conserves boolean": lambda edition: not edition[1].pruned,
    "perimetre varchar": lambda edition: edition[1].perimetre,
    "colonnes_nouvelles varchar": lambda edition: ", ".join(edition[1].unexpected) or None,
    "confirmee_au date": lambda edition: edition[0].date_of(edition[3]) if edition[3] else None,
    "attendue_le date": lambda edition: edition[0].expected_on(edition[3] or edition[1].edition),
}
MISSING: Columns = {
    "source varchar": lambda pair: pair[0].id,
    "date_periode date": lambda pair: pair[1],
}
FAILURES: Columns = {
    "source varchar": lambda event: event["source"],
    "dernier_echec timestamp": lambda event: landing.utc(event["inscrit_le"]),
    "motif_echec varchar": lambda event: event["phrase"],
}
PUBLICATIONS: Columns = {
    "publication varchar": lambda pair: pair[1]["version"],
    "rang integer": lambda pair: pair[0],
    "publie_le timestamp": lambda pair: landing.utc(pair[1]["publie_le"]),
}
RELEASES: Columns = {
    "publication varchar": lambda event: event["publication"],
    "trimestre varchar": lambda event: event["trimestre"],
    "version varchar": lambda event: event["version"],
    "figee_le timestamp": lambda event: landing.utc(event["figee_le"]),
    "raisons varchar": lambda event: event["raisons"],
}
FINGERPRINTS: Columns = {
    "publication varchar": lambda told: told[0],
    "code_indicateur varchar": lambda told: told[1],
    "empreinte_sources varchar": lambda told: told[2]["sources"],
    "empreinte_corrections varchar": lambda told: told[2]["corrections"],
}


def create(connection: duckdb.DuckDBPyConnection, inputs: Inputs) -> None:
    """Write every register in the schema ``registre`` of a private file."""
    connection.execute("create schema registre")
    _create(connection, "contexte", CONTEXT, [inputs])
    _create(connection, "catalogue_sources", SOURCES, load_sources().values())
    _create(connection, "catalogue_indicateurs", INDICATORS, load_indicators().values())
    _create(connection, "sources_indicateurs", LINKS, _links())
    _create(connection, "editions", EDITIONS, _editions(inputs))
    _create(connection, "periodes_manquantes", MISSING, _missing_periods())
    _create(connection, "echecs", FAILURES, _failures())
    _create(connection, "publications", PUBLICATIONS, enumerate(history.events(), start=1))
    _create(connection, "publications_figees", RELEASES, _releases(inputs))
    _create(connection, "empreintes", FINGERPRINTS, _fingerprints())
    history.create_table(connection, "registre.valeurs")


def _create(connection: duckdb.DuckDBPyConnection, name: str, columns: Columns, records: Iterable) -> None:
    connection.execute(f"create table registre.{name} ({', '.join(columns)})")
    rows = [[value(record) for value in columns.values()] for record in records]
    if rows:
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"insert into registre.{name} values ({marks})", rows)


def _links() -> Iterator[tuple[Indicator, str]]:
    for indicator in load_indicators().values():
        for source_id in indicator.meta["sources"]:
            yield indicator, source_id


def _editions(inputs: Inputs) -> Iterator[tuple[Source, Manifest, archive.Nature, str | None]]:
    """Every arrival, what it was, and the later edition that it was confirmed for."""
    for source in load_sources().values():
        for manifest, nature in archive.natures(source):
            yield source, manifest, nature, inputs.confirmees.get(f"{source.id}/{manifest.edition}")


def _missing_periods() -> Iterator[tuple[Source, dt.date]]:
    for source in load_sources().values():
        for day in archive.missing_periods(source):
            yield source, day


def _releases(inputs: Inputs) -> Iterator[dict]:
    """Those that the build counts among its inputs: one frozen since is none of its business."""
    yield from (event for event in ledger.read(ledger.RELEASES) if event["publication"] in inputs.figees)


def _fingerprints() -> Iterator[tuple[str, str, dict]]:
    """What each publication's indicators hung on, as its version says."""
    versions = {event["version"]: event for event in ledger.read(ledger.PUBLICATIONS)}
    for name, version in versions.items():
        for code, told in version.get("indicateurs", {}).items():
            yield name, code, told


def _failures() -> Iterator[dict]:
    """The last event of each source, where it is a failure."""
    last = {event["source"]: event for event in ledger.read(ledger.EXTRACTIONS)}
    yield from (event for event in last.values() if event["resultat"] in ledger.FAILURES)
