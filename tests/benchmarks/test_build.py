"""dbt's build against the same SQL in bare DuckDB, at national size; a table, nothing asserted on seconds.

ACCES_SOINS_BANC sets the size (1: the issue's sizes; 0.05: a quick look).
"""

import json
import os
import shutil
import subprocess
import sys

import pytest
from rich.console import Console
from rich.table import Table

import national
from acces_soins import landing, steps, warehouse
from acces_soins.catalog import fetched_sources, get_source
from acces_soins.services.processes import any_free_port
from acces_soins.settings import PROJECT, get_settings
from acces_soins.trial.replica import serve_replica

SIZE = float(os.environ.get("ACCES_SOINS_BANC", "1"))
SCRIPT = PROJECT / "tests" / "support" / "measured_build.py"
RATIO, MEMORY, LONGER = 1.5, 4096, 2
CLOSING = {"aujourd'hui": "2026-09-30", "dix ans de plus": "2036-09-30"}
SLOWEST = 8
# Source -> the column that tells the copies apart, and how many rows its files have.
BIG = {
    "ameli.demographie_effectifs_densites": ("profession_sante", 3_456_960),
    "ameli.pathologies_effectifs": ("top", 5_796_000),
    "ans.ps_libre_acces_personne_activite": ("identification_nationale_pp", 2_000_000),
    "finess.activites": ("activite_id", 1_000_000),
    "finess.etablissements": ("nofinesset", 100_000),
}


@pytest.fixture
def archives(tmp_path, use_settings):
    """Two data folders: one without any file, one whose big files have their national size."""
    empty, full = tmp_path / "vide", tmp_path / "plein"
    port = any_free_port()
    use_settings(donnees=full, date=national.AS_OF, replique=f"http://127.0.0.1:{port}")
    with serve_replica(as_of=national.AS_OF, port=port):
        night = steps.open_night()
        for source_id in fetched_sources():
            steps.extract(source_id, night)
    for source_id, (column, rows) in BIG.items():
        for manifest in landing.counting(get_source(source_id)):
            national.grow(manifest.table, column, int(rows * SIZE))
    return empty, full


def measure(how, data, folder, closing=CLOSING["aujourd'hui"]):
    environment = os.environ | {"ACCES_SOINS_DONNEES": str(data)}
    command = [sys.executable, str(SCRIPT), how, str(folder), closing]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def marts(measured):
    """Seconds of the marts and of the quarter spine that they read."""
    names = {path.stem for path in (PROJECT / "dbt_project" / "models" / "marts").glob("*.sql")}
    names.add("int_indicateurs__series")
    seconds = measured["noeuds"].items()
    return sum(s for node, s in seconds if node.startswith("model.") and node.split(".")[-1] in names)


def over(value, limit, unit=""):
    return f" ✗ (au plus {limit}{unit})" if value > limit else ""


def test_build_at_national_size(archives, tmp_path):
    empty, full = archives
    measure("dbt", empty, tmp_path / "a")  # what dbt parses is kept for the next builds
    first = {how: measure(how, empty, tmp_path / "a") for how in ("dbt", "bare")}
    parsed = get_settings().work / warehouse.PARSED
    parsed.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(empty / "essai" / "travail" / warehouse.PARSED, parsed)
    build = {how: measure(how, full, tmp_path / "b") for how in ("dbt", "bare")}
    longer = measure("dbt", full, tmp_path / "c", CLOSING["dix ans de plus"])

    nodes = len(build["dbt"]["noeuds"])
    fixed = first["dbt"]["s"] - first["bare"]["s"]
    left = build["dbt"]["s"] - fixed
    # The processor's share too: on a machine that does something else, seconds say little.
    used = build["dbt"]["processeur"] - first["dbt"]["processeur"] + first["bare"]["processeur"]
    ratio, years = left / build["bare"]["s"], marts(longer) / marts(build["dbt"])
    table = Table("mesure", "s", "processeur", "rapport", "mémoire", box=None)
    for label, measured in (
        ("dbt build, sans aucun fichier", first["dbt"]),
        ("le même SQL nu", first["bare"]),
        ("dbt build, taille nationale", build["dbt"]),
        ("le même SQL nu", build["bare"]),
    ):
        peak = measured["memoire"]
        table.add_row(label, *(f"{measured[name]:.1f}" for name in ("s", "processeur")), "",
                      f"{peak:.0f} Mo{over(peak, MEMORY, ' Mo')}")  # fmt: skip
    table.add_row(
        f"coût fixe de dbt ({nodes} nœuds)", f"{fixed:.1f}", "", f"{1000 * fixed / nodes:.0f} ms/nœud", ""
    )
    table.add_row(
        "ce qui reste de dbt, sur le SQL nu",
        f"{left:.1f}",
        f"{used:.1f}",
        f"× {ratio:.2f}{over(ratio, RATIO)}, processeur × {used / build['bare']['processeur']:.2f}",
        "",
    )
    table.add_row("séries et marts", f"{marts(build['dbt']):.1f}", "", "", "")
    table.add_row(
        "les mêmes, dix ans de plus", f"{marts(longer):.1f}", "", f"× {years:.2f}{over(years, LONGER)}", ""
    )
    for node, seconds in sorted(build["dbt"]["noeuds"].items(), key=lambda item: -item[1])[:SLOWEST]:
        table.add_row(
            f"  {node.split('.')[2]}", f"{seconds:.1f}", "", f"nu {build['bare']['noeuds'][node]:.1f} s", ""
        )
    Console(width=160).print("", table)
    assert set(build["bare"]["noeuds"]) >= set(build["dbt"]["noeuds"])
