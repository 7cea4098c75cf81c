"""The worked example of CONTRIBUTING.md, replayed as it stands on a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

from acces_soins.settings import PROJECT

SOURCE = "ameli.demographie_exercices_liberaux"
STEP = re.compile(r"<!-- (ajouter|créer) : (\S+) -->\n *```\w+\n(.*?)\n *```", re.S)

# What the night does with the new source, up to its staging table.
REPLAY = f"""
import json
import duckdb
from acces_soins import landing, status, steps, versioning, warehouse
from acces_soins.catalog import get_source
from acces_soins.settings import get_settings
from acces_soins.trial.replica import serve_replica

with serve_replica(as_of=get_settings().today, port=PORT):
    event = steps.extract("{SOURCE}", steps.open_night())
folder = get_settings().work / "exemple"
database = warehouse.build(folder, versioning.current_inputs())
with duckdb.connect(str(database), read_only=True) as connection:
    rows, places, none = connection.execute(
        "select count(*), count(distinct code_territoire), count(*) filter (effectif_nb is null) "
        "from staging.stg_ameli__demographie_exercices_liberaux"
    ).fetchone()
    catalogued = connection.execute(
        "select count(*) from marts.catalogue_sources where source = '{SOURCE}'"
    ).fetchone()[0]
known = any(row[0] == "{SOURCE}" for row in status.source_states())
print("RESULT" + json.dumps([event["resultat"], event["edition"], rows, places, none, catalogued, known]))
"""


@pytest.fixture
def project(tmp_path):
    """A copy of the project's own files, with the example's blocks put where they say."""
    copy = tmp_path / "projet"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, tracked.split("\0")):
        if (PROJECT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, copy / name)
    steps = STEP.findall((PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert [verb for verb, *_ in steps] == ["ajouter", "créer", "ajouter"]
    for verb, name, block in steps:
        # The list of the document indents its blocks by three blanks.
        text = re.sub(r"^ {3}", "", block, flags=re.M) + "\n"
        if verb == "créer":
            (copy / name).write_text(textwrap.dedent(text), encoding="utf-8")
        else:
            with (copy / name).open("a", encoding="utf-8") as stream:
                stream.write(text)
    return copy


def test_one_entry_and_one_model_are_a_source(project, tmp_path):
    from acces_soins.services.processes import any_free_port

    port = any_free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCES_SOINS_")}
    done = subprocess.run(
        [sys.executable, "-c", REPLAY.replace("PORT", str(port))],
        cwd=project,
        env=environment
        | {
            "PYTHONPATH": str(project / "scripts"),
            "ACCES_SOINS_DONNEES": str(tmp_path / "donnees"),
            "ACCES_SOINS_DATE": "2026-11-22",
            "ACCES_SOINS_REPLIQUE": f"http://127.0.0.1:{port}",
        },
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    told = json.loads(done.stdout.split("RESULT")[1])
    assert told == ["nouvelle_edition", "2024", 202, 101, 0, 1, True]
