"""The corrections of producers' errors name what exists, and are applied where they say."""

import csv
import re

import pytest

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
    assert f"'{correction['colonne']}'" in rule[1]
    assert source.column(correction["colonne"]) and correction["motif"] and correction["inscrite_le"]
    model = DBT / "models" / "staging" / source.producer / f"stg_{source.producer}__{source.table}.sql"
    assert f"corrigee('{source.producer}', '{source.table}')" in model.read_text(encoding="utf-8")
