"""Publishing at national size, then the release of it, end to end; two tables, nothing asserted on seconds.

The marts have their national size whatever the files weigh: 56 indicators × 120 territories × 44 quarters.
"""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from rich.table import Table

import national
import small_release
from acces_soins import releases, steps, versioning, warehouse
from acces_soins.catalog import fetched_sources
from acces_soins.services.processes import any_free_port
from acces_soins.trial.replica import serve_replica

SCRIPT = Path(small_release.__file__).with_name("measured_release.py")
# What publishing is meant to stay under, on two cores.
SECONDS, MEGABYTES = 30, 2000
TERRITORIES, LEAST_ROWS = 120, 250_000


@pytest.fixture
def build(tmp_path, use_settings):
    """The private build of a whole trial archive."""
    port = any_free_port()
    use_settings(donnees=tmp_path / "donnees", date=national.AS_OF, replique=f"http://127.0.0.1:{port}")
    with serve_replica(as_of=national.AS_OF, port=port):
        night = steps.open_night()
        for source_id in fetched_sources():
            steps.extract(source_id, night)
    return warehouse.build(tmp_path / "construction", versioning.current_inputs(), data_tests=False)


def measure(what: str, *arguments: str) -> dict:
    done = subprocess.run([sys.executable, str(SCRIPT), what, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def show(title: str, measured: dict) -> None:
    whole = measured["secondes"]["ensemble"][0]
    table = Table(title, "s", "processeur", "part", box=None)
    for step, (clock, processor) in measured["secondes"].items():
        table.add_row(step, f"{clock:.1f}", f"{processor:.1f}", f"{100 * clock / whole:.0f} %")
    verdict = f"{whole / SECONDS:.2f} × le but de {SECONDS} s" + (" ✗" if whole > SECONDS else "")
    memory = f"{measured['memoire']:.0f} Mo" + (" ✗" if measured["memoire"] > MEGABYTES else "")
    size = f"{measured['octets'] / 1e6:.0f} Mo écrits"
    Console(width=120).print("", table, f"{verdict} ; mémoire {memory} (au plus {MEGABYTES} Mo) ; {size}")


def test_publishing_and_releasing_at_national_size(build):
    with duckdb.connect(str(build), read_only=True) as connection:
        rows, territories = connection.execute(
            "select count(*), count(distinct (niveau, code_territoire)) from marts.indicateurs_trimestriels"
        ).fetchone()
    assert territories == TERRITORIES and rows > LEAST_ROWS
    show("publier une version", measure("publish", str(build)))
    release = measure("release")
    show("proposer et figer une publication", release)
    folder = Path(release["dossier"])
    assert len(list((folder / "fiches").glob("*.pdf"))) == 101
    assert (folder / "fichiers" / "index.html").is_file()
    assert releases.verify(folder.name)
