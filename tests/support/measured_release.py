"""A publication or a release, in a process of its own: ``python measured_release.py <publish|release> …``.

``publish <database>`` makes a version of a private build and serves it; ``release`` proposes the served
version and freezes it. Prints one line of JSON: seconds and processor seconds by step, peak memory in MB,
bytes written.
"""

import json
import re
import sys
import time
from collections import defaultdict
from pathlib import Path

from acces_soins import (
    comparison,
    content,
    factsheets,
    formats,
    frozen,
    history,
    publication,
    releases,
    verification,
    versioning,
    warehouse,
)
from acces_soins.settings import get_settings

STEPS = {
    "publish": {
        "base DuckDB": (publication, "write_database"),
        "fichiers": (formats, "write_nightly"),
        "empreintes des tables": (content, "hashes"),
        "registre": (history, "record"),
    },
    "release": {
        "proposition : contrats et sommes": (verification, "judge"),
        "proposition : comparaison": (comparison, "compare"),
        "fiches PDF": (factsheets, "write"),
        "fichiers": (formats, "write"),
        "  Parquet": (formats.delimited, "write_parquet"),
        "  CSV": (formats.delimited, "write_csv"),
        "  CSV tableur": (formats.delimited, "write_spreadsheet_csv"),
        "  classeur": (formats.workbook, "write"),
        "  PILOTE": (formats.pilote, "write"),
        "  dictionnaire": (formats.dictionary, "write"),
        "  notice, citation, journal": (formats.metadata, "write"),
        "  page": (formats.page, "write"),
        "  datapackage": (formats.datapackage, "write"),
        "SHA256SUMS": (formats.checksums, "write"),
        "fermeture en écriture": (frozen, "_close_to_writing"),
    },
}


def timed(name: str, function, spent: dict):
    """The same function, whose seconds are added up under ``name``."""

    def run(*arguments, **named):
        clock, processor = time.perf_counter(), time.process_time()
        try:
            return function(*arguments, **named)
        finally:
            spent[name][0] += time.perf_counter() - clock
            spent[name][1] += time.process_time() - processor

    return run


def publish(database: str) -> Path:
    """What a night does once its checks have passed."""
    inputs, relations = versioning.current_inputs(), warehouse.published_relations()
    version = publication.publish(Path(database), inputs, relations, [], "nuit-du-banc")
    history.record(version)
    return publication.version_folder(version["version"])


def release() -> Path:
    """What a person's approval leads to, the proposal included."""
    served = publication.current_version()
    proposal = releases.propose(releases.quarter_of(get_settings().closing_date))
    releases.freeze(proposal["publication"], "Camille Essai")
    assert served["version"] == proposal["version"]
    return get_settings().releases / proposal["publication"]


def main(what: str, *arguments: str) -> None:
    spent = defaultdict(lambda: [0.0, 0.0])
    for name, (module, function) in STEPS[what].items():
        setattr(module, function, timed(name, getattr(module, function), spent))
    folder = timed("ensemble", {"publish": publish, "release": release}[what], spent)(*arguments)
    # Not ru_maxrss: a child inherits the peak of the process that started it.
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(json.dumps({"secondes": spent, "memoire": peak, "octets": size, "dossier": str(folder)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
