"""Files of national size, each read in a process of its own; a table at the end, nothing asserted on seconds.

ACCES_SOINS_BANC sets the size (1: the issue's sizes; 0.05: a quick look).
"""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

import national

SIZE = float(os.environ.get("ACCES_SOINS_BANC", "1"))
SCRIPT = Path(national.__file__).with_name("measured.py")
RUNS = 5
HEADER = (
    "fichier",
    "lecteur",
    "lignes",
    "Mo",
    "s",
    "processeur",
    "lignes/s",
    "Mo/s",
    "× plancher",
    "mémoire",
)


@dataclass(frozen=True)
class Case:
    """A file to make and what is allowed: times the floor, and megabytes."""

    source: str
    field: str
    size: int
    ratio: float
    memory: int


CSV = {
    "démographie": Case("ameli.demographie_effectifs_densites", "profession_sante", 3_456_960, 1.15, 700),
    "pathologies": Case("ameli.pathologies_effectifs", "top", 5_796_000, 1.15, 700),
    "RPPS": Case("ans.ps_libre_acces_personne_activite", "identification_nationale_pp", 2_000_000, 1.15, 700),
}
ACTIVITIES = "finess.activites"
JSON_BYTES = 1 << 30


@pytest.fixture(scope="module")
def lines():
    """The table, printed when the module ends."""
    found = []
    yield found
    table = Table(*HEADER, box=None)
    for line in found:
        table.add_row(*line)
    Console(width=200).print("", table)


def measure(reader, source, path):
    command = [sys.executable, str(SCRIPT), reader, source, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def median(runs):
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def add(lines, label, reader, path, measured, floor, case=None):
    megabytes, ratio = path.stat().st_size / 1e6, measured["s"] / floor["s"]
    slow = case and ratio > case.ratio
    large = case and measured["memoire"] > case.memory
    lines.append((
        label, reader, f"{measured['lignes']:.0f}", f"{megabytes:.0f}", f"{measured['s']:.1f}",
        f"{measured['processeur']:.1f}", f"{measured['lignes'] / measured['s']:.0f}",
        f"{megabytes / measured['s']:.0f}",
        f"{ratio:.2f}" + (f" ✗ (au plus {case.ratio})" if slow else ""),
        f"{measured['memoire']:.0f} Mo" + (f" ✗ (au plus {case.memory})" if large else ""),
    ))  # fmt: skip


@pytest.mark.parametrize("label", CSV)
def test_delimited_files(label, lines, tmp_path):
    case = CSV[label]
    path = national.write_csv(case.source, case.field, int(case.size * SIZE), tmp_path)
    # In turn, so that what else the machine does weighs on both.
    runs = [{r: measure(r, case.source, path) for r in ("floor_csv", "ours")} for _ in range(RUNS)]
    floor, ours = (median([run[reader] for run in runs]) for reader in ("floor_csv", "ours"))
    assert ours["lignes"] == floor["lignes"] == int(case.size * SIZE)
    add(lines, label, "plancher (DuckDB)", path, floor, floor)
    add(lines, label, "le nôtre", path, ours, floor, case)
    for other in ("pandas", "dlt"):
        add(lines, label, other, path, measure(other, case.source, path), floor)
    path.unlink()


def test_twice_the_rows(lines, tmp_path):
    case = CSV["démographie"]
    paths = []
    for folder, rows in (("moitie", int(case.size * SIZE / 2)), ("entier", int(case.size * SIZE))):
        (tmp_path / folder).mkdir()
        paths.append(national.write_csv(case.source, case.field, rows, tmp_path / folder))
    runs = [[measure("ours", case.source, path) for path in paths] for _ in range(RUNS)]
    half, whole = (median(list(each)) for each in zip(*runs, strict=True))
    add(lines, "deux fois plus de lignes", "le nôtre", paths[1], whole, half, replace(case, ratio=2))
    for path in paths:
        path.unlink()


def test_json_files(lines, tmp_path):
    size = int(JSON_BYTES * SIZE)
    as_list, as_object = (
        national.write_json(ACTIVITIES, "activiteAeId", size, tmp_path, as_array=whole)
        for whole in (True, False)
    )
    read = {"floor_json": as_list, "ours_array": as_list, "ours_json": as_object}
    runs = [{r: measure(r, ACTIVITIES, path) for r, path in read.items()} for _ in range(RUNS)]
    floor, ours_list, ours_object = (median([run[reader] for run in runs]) for reader in read)
    assert ours_list["lignes"] == ours_object["lignes"] == floor["lignes"]
    case = Case(ACTIVITIES, "activiteAeId", size, 1.2, 600)
    add(lines, "activités FINESS, une liste", "plancher (DuckDB, schéma explicite)", as_list, floor, floor)
    add(lines, "activités FINESS, une liste", "le nôtre", as_list, ours_list, floor, case)
    case = Case(ACTIVITIES, "activiteAeId", size, 1.5, 1000)
    add(lines, "activités FINESS, un objet", "le nôtre", as_object, ours_object, floor, case)
    as_list.unlink()
    as_object.unlink()


def test_json_peers(lines, tmp_path):
    """On a twentieth of the file: they hold it whole, ten times its size in memory."""
    size = int(JSON_BYTES * SIZE / 20)
    as_list, as_object = (
        national.write_json(ACTIVITIES, "activiteAeId", size, tmp_path, as_array=whole)
        for whole in (True, False)
    )
    readers = {
        "plancher (DuckDB, schéma explicite)": ("floor_json", as_list),
        "le nôtre": ("ours_array", as_list),
        "pandas": ("pandas_json", as_list),
        "dlt": ("dlt_json", as_list),
        "le nôtre, un objet": ("ours_json", as_object),
        "DuckDB, un objet": ("duckdb_object", as_object),
    }
    runs = {label: measure(reader, ACTIVITIES, path) for label, (reader, path) in readers.items()}
    floor = next(iter(runs.values()))
    for label, measured in runs.items():
        assert measured["lignes"] == floor["lignes"]
        add(lines, "activités FINESS, un vingtième", label, readers[label][1], measured, floor)
