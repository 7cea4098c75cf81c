"""The corrections of producers' errors name what exists, and are applied where they say."""

import csv
import re

import pytest

from acces_soins import explanation
from acces_soins.catalog import get_source
from acces_soins.settings import PROJECT

DBT = PROJECT / "dbt_project"
with (DBT / "seeds" / "ref_corrections.csv").open(encoding="utf-8", newline="") as stream:
    CORRECTIONS = list(csv.DictReader(stream))


@pytest.mark.parametrize("correction", CORRECTIONS, ids=lambda c: f"{c['source']}|{c['cle']}|{c['colonne']}")
def test_a_correction_reaches_its_table(correction):
    source = get_source(correction["source"])
    rules = (DBT / "macros" / "corrections.sql").read_text(encoding="utf-8")
    rule = re.search(rf"'{source.id}': {{(.*?)}}", rules, re.S)
    assert rule, f"{source.id} n'est pas dans sources_corrigees()"
    key = re.search(r"'cle': \[(.*?)\]", rule[1])[1].replace("'", "").split(", ")
    assert len(correction["cle"].split("|")) == len(key)
    # Where the explanation of a figure looks for the territory of a corrected row.
    assert tuple(key) == tuple(source.key)
    assert f"'{correction['colonne']}'" in rule[1]
    assert source.column(correction["colonne"]) and correction["motif"] and correction["inscrite_le"]
    model = DBT / "models" / "staging" / source.producer / f"stg_{source.producer}__{source.table}.sql"
    assert f"corrigee('{source.producer}', '{source.table}')" in model.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("level", "code", "told"),
    [
        ("departement", "14", True),
        ("departement", "21", False),
        ("departement", "2A", False),
        ("region", "28", True),
        ("region", "27", False),
        ("france", "FR", True),
    ],
)
def test_a_figure_tells_the_corrections_of_its_own_rows_only(level, code, told, tmp_path, monkeypatch):
    """Commune 14621 is in Calvados (14), in Normandie (28)."""
    seed = tmp_path / "ref_corrections.csv"
    row = {"source": "drees.diagnostic_acces_urgences", "cle": "BASECOM_URGENCES_2019|14621"}
    row |= {
        "colonne": "libelle_commune",
        "ancienne_valeur": "Saint-Martin-d",
        "nouvelle_valeur": "Saint-Martin",
    }
    row |= {"motif": "Nom coupé", "inscrite_le": "2026-11-22"}
    with seed.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, row)
        writer.writeheader()
        writer.writerow(row)
    monkeypatch.setattr(explanation, "CORRECTIONS", seed)
    figure = {"niveau": level, "code_territoire": code, "date_reference": None}
    [(label, text)] = explanation.corrections(figure, ["drees.diagnostic_acces_urgences"])
    assert (label == "Correction" and "14621" in text) == told
    if not told:
        assert (label, text) == ("Corrections", "aucune ne touche ce chiffre")
    [(label, _)] = explanation.corrections(figure, ["finess.etablissements"])
    assert label == "Corrections"
