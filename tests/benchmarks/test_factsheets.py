"""How long the 101 factsheets take, in a process of its own; reported, never judged."""

import json
import subprocess
import sys
from pathlib import Path

import factsheet_marts

MEASURE = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[3])
from pathlib import Path
import factsheet_marts
from acces_soins import factsheets
before = resource.getrusage(resource.RUSAGE_SELF)
start = time.perf_counter()
files = factsheets.write(Path(sys.argv[1]), Path(sys.argv[2]), factsheet_marts.ABOUT)
after = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": time.perf_counter() - start,
    "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    "memory": after.ru_maxrss / 1024,
    "sheets": sum(path.suffix == ".pdf" for path in files),
    "megabytes": sum(path.stat().st_size for path in files if path.suffix == ".pdf") / 1e6,
}))
"""


def test_all_sheets(tmp_path):
    database = factsheet_marts.build(tmp_path / "entrepot.duckdb")
    support = str(Path(factsheet_marts.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(database), str(tmp_path / "fiches"), support],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    print(
        f"\nfiches : {found['sheets']} en {found['seconds']:.1f} s "
        f"({found['processor']:.1f} s de processeur, "
        f"{found['seconds'] / found['sheets']:.2f} s par fiche), {found['memory']:.0f} Mo de mémoire, "
        f"{found['megabytes']:.1f} Mo de PDF"
    )
