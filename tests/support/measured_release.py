"""A whole release, in a process of its own: ``python measured_release.py <database> <folder>``.

Prints one line of JSON: seconds and processor seconds by step, peak memory in MB, bytes written.
"""

import json
import resource
import sys
import time
from collections import defaultdict
from pathlib import Path

import small_release
from acces_soins import formats

STEPS = {
    "Parquet": (formats.delimited, "write_parquet"),
    "CSV": (formats.delimited, "write_csv"),
    "CSV tableur": (formats.delimited, "write_spreadsheet_csv"),
    "classeur": (formats.workbook, "write"),
    "PILOTE": (formats.pilote, "write"),
    "dictionnaire": (formats.dictionary, "write"),
    "notice, citation, journal": (formats.metadata, "write"),
    "page": (formats.page, "write"),
    "datapackage": (formats.datapackage, "write"),
    "SHA256SUMS": (formats.checksums, "write"),
}


def timed(name: str, writer, spent: dict):
    """The same writer, whose seconds are added up under ``name``."""

    def write(*arguments):
        clock, processor = time.perf_counter(), time.process_time()
        try:
            return writer(*arguments)
        finally:
            spent[name][0] += time.perf_counter() - clock
            spent[name][1] += time.process_time() - processor

    return write


def main(database: str, folder: str) -> None:
    spent = defaultdict(lambda: [0.0, 0.0])
    for name, (module, function) in STEPS.items():
        setattr(module, function, timed(name, getattr(module, function), spent))
    files = timed("ensemble", formats.write, spent)(Path(database), Path(folder), small_release.ABOUT)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in files)
    print(json.dumps({"secondes": spent, "memoire": memory, "octets": size}))


if __name__ == "__main__":
    main(*sys.argv[1:])
