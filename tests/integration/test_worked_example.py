"""The worked examples of CONTRIBUTING.md, replayed as they stand on a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

from acces_soins.services.processes import any_free_port
from acces_soins.settings import PROJECT

pytestmark = pytest.mark.xdist_group("exemples")

SOURCE, INDICATOR = "ameli.demographie_exercices_liberaux", "nb_pharmacies"
SECTIONS = {
    "Add a source": ["ajouter", "créer", "ajouter", "ajouter"],
    "Add an indicator": ["créer", "créer", "inscrire"],
}
STEP = re.compile(r"<!-- (ajouter|créer|inscrire) : (\S+) -->\n *```\w+\n(.*?)\n *```", re.S)
LIST_END = "] %}"

# What the night does with the new source and with the one that the new indicator reads, up to the marts.
REPLAY = f"""
import json
import os
import subprocess
import sys
import duckdb
from acces_soins import landing, status, steps, versioning, warehouse
from acces_soins.settings import get_settings
from acces_soins.trial.replica import serve_replica

with serve_replica(as_of=get_settings().today, port=PORT):
    night = steps.open_night()
    event = steps.extract("{SOURCE}", night)
    steps.extract("finess.etablissements", night)
folder = get_settings().work / "exemple"
database = warehouse.build(folder, versioning.current_inputs())
with duckdb.connect(str(database), read_only=True) as connection:
    def ask(query):
        return connection.execute(query).fetchall()

    told = {{
        "reception": [event["resultat"], event["edition"]],
        "table": ask(
            "select count(*), count(distinct code_territoire), count(*) filter (effectif_nb is null) "
            "from staging.stg_ameli__demographie_exercices_liberaux"
        ),
        "tests": [
            node["status"]
            for node in json.loads((folder / "dbt" / "run_results.json").read_text())["results"]
            if "cle_unique_stg_{SOURCE.replace(".", "__")}_" in node["unique_id"]
        ],
        "catalogue_sources": ask("select count(*) from marts.catalogue_sources where source = '{SOURCE}'"),
        "status": any(row[0] == "{SOURCE}" for row in status.source_states()),
        "trimestres": ask("select count(distinct trimestre) from marts.indicateurs_trimestriels"),
        "serie": ask(
            "select niveau, count(*), count(distinct code_territoire), count(statut), count(valeur) > 0 "
            "from marts.indicateurs_trimestriels where code_indicateur = '{INDICATOR}' group by 1 order by 1"
        ),
        "catalogue_indicateurs": ask(
            "select libelle from marts.catalogue_indicateurs where code_indicateur = '{INDICATOR}'"
        ),
        "fiche": ask("select count(*) from marts.fiche_departement where code_indicateur = '{INDICATOR}'"),
    }}
unit = subprocess.run(
    [
        *(sys.executable, "-m", "dbt.cli.main", "test", "--select", "ind_{INDICATOR},test_type:unit"),
        *("--project-dir", str(warehouse.DBT_PROJECT), "--profiles-dir", str(warehouse.DBT_PROJECT)),
        *("--target-path", str(folder / "dbt"), "--no-version-check", "--log-level-file", "none"),
    ],
    cwd=folder, env=os.environ | {{"ACCES_SOINS_ENTREPOT": database.name}},
    capture_output=True, text=True,
)
told["unitaire"] = unit.stdout.strip().splitlines()[-1]
print("RESULT" + json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a night sees once both examples are in place; one build serves them both."""
    folder = tmp_path_factory.mktemp("exemple")
    project = copy_project(folder / "projet")
    for section, verbs in SECTIONS.items():
        follow(section, verbs, project)
    port = any_free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCES_SOINS_")}
    done = subprocess.run(
        [sys.executable, "-c", REPLAY.replace("PORT", str(port))],
        cwd=project,
        env=environment
        | {
            "PYTHONPATH": str(project / "scripts"),
            "ACCES_SOINS_DONNEES": str(folder / "donnees"),
            "ACCES_SOINS_DATE": "2026-11-22",
            "ACCES_SOINS_REPLIQUE": f"http://127.0.0.1:{port}",
        },
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout.split("RESULT")[1])


def copy_project(copy):
    """A copy of the project's own files."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, tracked.split("\0")):
        if (PROJECT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, copy / name)
    return copy


def follow(section, verbs, project):
    """Put the blocks of a section where it says."""
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    steps = STEP.findall(text.split(f"## {section}\n")[1].split("\n## ")[0])
    assert [verb for verb, *_ in steps] == verbs
    for verb, name, block in steps:
        # The list of the document indents its blocks by three blanks.
        block = re.sub(r"^ {3}", "", block, flags=re.M) + "\n"
        path = project / name
        if verb == "créer":
            assert not path.exists()
            path.write_text(textwrap.dedent(block), encoding="utf-8")
        elif verb == "ajouter":
            path.write_text(path.read_text(encoding="utf-8") + block, encoding="utf-8")
        else:
            before, after = path.read_text(encoding="utf-8").split(LIST_END, 1)
            path.write_text(before + block + LIST_END + after, encoding="utf-8")


def test_one_entry_and_one_model_are_a_source(told):
    assert told["reception"] == ["nouvelle_edition", "2024"]
    assert told["table"] == [[202, 101, 0]]
    # Every staging model must have one: another test asks for it.
    assert told["tests"] == ["pass"]
    assert told["catalogue_sources"] == [[1]]
    assert told["status"]


def test_two_files_and_one_name_are_an_indicator(told):
    [[quarters]] = told["trimestres"]
    assert quarters > 40
    assert told["serie"] == [
        [level, places * quarters, places, places * quarters, True]
        for level, places in (("departement", 101), ("france", 1), ("region", 18))
    ]
    assert told["catalogue_indicateurs"] == [["Pharmacies d'officine"]]
    assert told["fiche"] == [[101]]
    assert "PASS=1 " in told["unitaire"] and "ERROR=0" in told["unitaire"]
