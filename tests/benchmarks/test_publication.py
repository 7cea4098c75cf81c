"""A whole release at national size, step by step; a table at the end, nothing asserted on seconds.

ACCES_SOINS_BANC sets the size, as for the readers.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

import small_release

SIZE = float(os.environ.get("ACCES_SOINS_BANC", "1"))
SCRIPT = Path(small_release.__file__).with_name("measured_release.py")
# What the release is meant to stay under, on two cores.
SECONDS, MEGABYTES = 30, 2000
# 3 indicators × 19 and 8 quarters × 6: 57 × 120 × 48 rows, what eleven years of the catalogue give.
COPIES, SHIFTS = 19, 6
LONG = ("indicateurs_trimestriels", "comparaisons", "tableau_de_bord")


def national(path: Path) -> Path:
    """The small publication, its indicators copied and its quarters shifted back by two years at a time."""
    small_release.build(path)
    copies = max(1, round(COPIES * SIZE))
    with duckdb.connect(str(path)) as connection:
        for table in LONG:
            connection.execute(
                f"""
                create or replace table marts.{table} as
                select * replace (
                    code_indicateur || case when copie = 0 then '' else '_' || copie end as code_indicateur,
                    (left(trimestre, 4)::integer - 2 * recul) || right(trimestre, 2) as trimestre
                )
                from marts.{table}, range({copies}) as c (copie), range({SHIFTS}) as r (recul)
                """
            )
        connection.execute(
            f"""
            create or replace table marts.catalogue_indicateurs as
            select * replace (
                code_indicateur || case when copie = 0 then '' else '_' || copie end as code_indicateur
            )
            from marts.catalogue_indicateurs, range({copies}) as c (copie)
            """
        )
    return path


def test_a_release_of_national_size(tmp_path):
    database, folder = national(tmp_path / "entrepot.duckdb"), tmp_path / "fichiers"
    folder.mkdir()
    command = [sys.executable, str(SCRIPT), str(database), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout.splitlines()[-1])
    whole = measured["secondes"]["ensemble"][0]
    table = Table("étape", "s", "processeur", "part", box=None)
    for step, (clock, processor) in sorted(measured["secondes"].items(), key=lambda item: item[1][0]):
        table.add_row(step, f"{clock:.1f}", f"{processor:.1f}", f"{100 * clock / whole:.0f} %")
    verdict = f"{whole / SECONDS:.2f} × le but de {SECONDS} s" + (" ✗" if whole > SECONDS else "")
    memory = f"{measured['memoire']:.0f} Mo" + (" ✗" if measured["memoire"] > MEGABYTES else "")
    size = f"{measured['octets'] / 1e6:.0f} Mo écrits"
    Console(width=120).print("", table, f"{verdict} ; mémoire {memory} (au plus {MEGABYTES} Mo) ; {size}")
    assert (folder / "SHA256SUMS").exists()
