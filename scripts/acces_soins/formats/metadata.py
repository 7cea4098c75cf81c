"""What catalogues and readers ask of a publication: DCAT-AP record, citation, journal, README."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import yaml

from acces_soins.formats import checksums, datapackage, pilote, rendering
from acces_soins.formats.about import KEYWORDS, LICENCE, PUBLISHER, About
from acces_soins.query import records

DCAT, CITATION, JOURNAL, README = "dcat.jsonld", "CITATION.cff", "CHANGELOG.md", "LISEZ-MOI.md"
EU = "http://publications.europa.eu/resource/authority"
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "owl": "http://www.w3.org/2002/07/owl#",
}
EU_FORMATS = {".csv": "CSV", ".parquet": "PARQUET", ".xlsx": "XLSX"}
TABULAR = tuple(EU_FORMATS)


def write(connection: duckdb.DuckDBPyConnection, folder: Path, about: About) -> list[Path]:
    """Write the README, the journal and the citation, then the record of the data files that stand there."""
    revised = revisions(connection)
    written = [
        rendering.render(
            "LISEZ-MOI.md.j2",
            folder / README,
            about=about,
            pilote=pilote.caution(records(connection, pilote.IDENTIFIERS)),
        ),
        rendering.render("CHANGELOG.md.j2", folder / JOURNAL, about=about, revisions=revised),
        _write_citation(folder, about),
    ]
    return [*written, _write_dcat(connection, folder, about)]


def revisions(connection: duckdb.DuckDBPyConnection) -> list[dict]:
    """What each publication revised, last one first: {publication, ancienne, lignes}; a line sums up one
    indicator and one reason: number of values, median and largest gap, quarters."""
    lines = records(
        connection,
        """
        select
            revisions.publication_nouvelle,
            max(revisions.publication_ancienne) as publication_ancienne,
            catalogue.libelle,
            catalogue.unite,
            catalogue.decimales,
            revisions.raison,
            count(*) as nb_valeurs,
            count(*) filter (revisions.nouvelle is null) as nb_retirees,
            median(abs(revisions.ecart)) as ecart_median,
            max(abs(revisions.ecart)) as ecart_max,
            min(revisions.trimestre) as premier_trimestre,
            max(revisions.trimestre) as dernier_trimestre
        from marts.revisions
        inner join marts.catalogue_indicateurs as catalogue using (code_indicateur)
        group by all
        order by revisions.publication_nouvelle desc, catalogue.libelle, revisions.raison
        """,
    )
    names = dict.fromkeys(line["publication_nouvelle"] for line in lines)
    found = [(name, [line for line in lines if line["publication_nouvelle"] == name]) for name in names]
    return [
        {"publication": name, "ancienne": group[0]["publication_ancienne"], "lignes": group}
        for name, group in found
    ]


def _write_citation(folder: Path, about: About) -> Path:
    """Citation File Format 1.2, for a data set."""
    citation = {
        "cff-version": "1.2.0",
        "message": "Pour citer ces données : " + about.citation,
        "type": "dataset",
        "title": about.title,
        "abstract": about.description,
        "authors": [{"name": PUBLISHER}],
        "version": about.name,
        "date-released": about.published_at.date().isoformat(),
        "license": LICENCE["name"],
        "keywords": list(KEYWORDS),
    }
    path = folder / CITATION
    path.write_text(
        yaml.safe_dump(citation, allow_unicode=True, sort_keys=False, width=110), encoding="utf-8"
    )
    return path


def _write_dcat(connection, folder: Path, about: About) -> Path:
    """A DCAT-AP 3 record; its addresses are relative to the place where the publication is served."""
    first, last = connection.execute(
        "select min(date_reference), max(date_trimestre) from marts.tableau_de_bord"
    ).fetchone()
    record = {
        "@context": CONTEXT,
        "@id": "./",
        "@type": "dcat:Dataset",
        "dct:title": _french(about.title),
        "dct:description": _french(about.description),
        "dct:identifier": about.name,
        "dcat:version": about.name,
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": _french(PUBLISHER)},
        "dct:issued": _typed(about.published_at.isoformat(timespec="seconds"), "xsd:dateTime"),
        "dct:language": {"@id": f"{EU}/language/FRA"},
        "dct:spatial": {"@id": f"{EU}/country/FRA"},
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _typed(first.isoformat(), "xsd:date"),
            "dcat:endDate": _typed(last.isoformat(), "xsd:date"),
        },
        "dct:accrualPeriodicity": {"@id": f"{EU}/frequency/QUARTERLY"},
        "dcat:theme": {"@id": f"{EU}/data-theme/HEAL"},
        "dcat:keyword": [_french(word) for word in KEYWORDS],
        "dct:provenance": {
            "@type": "dct:ProvenanceStatement",
            "dct:description": _french(f"Code : {about.commit}. Trimestres arrêtés au {about.date_arrete}."),
        },
        "dcat:distribution": list(_distributions(folder)),
    }
    path = folder / DCAT
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def _distributions(folder: Path) -> Iterator[dict]:
    for path in sorted(p for p in folder.rglob("*") if p.suffix in TABULAR):
        place = path.relative_to(folder).as_posix()
        yield {
            "@id": place,
            "@type": "dcat:Distribution",
            "dct:title": _french(place),
            "dcat:accessURL": {"@id": "index.html"},
            "dcat:downloadURL": {"@id": place},
            "dct:license": {"@id": "https://spdx.org/licenses/etalab-2.0"},
            "dct:format": {"@id": f"{EU}/file-type/{EU_FORMATS[path.suffix]}"},
            "dcat:mediaType": {
                "@id": f"https://www.iana.org/assignments/media-types/{datapackage.MEDIA_TYPES[path.suffix]}"
            },
            "dcat:byteSize": _typed(str(path.stat().st_size), "xsd:nonNegativeInteger"),
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                "spdx:checksumValue": _typed(checksums.sha256(path), "xsd:hexBinary"),
            },
        }


def _french(text: str) -> dict:
    return {"@value": text, "@language": "fr"}


def _typed(value: str, kind: str) -> dict:
    return {"@value": value, "@type": kind}
