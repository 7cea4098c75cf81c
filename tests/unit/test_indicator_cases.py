"""What every indicator's unit tests show: Corsica, overseas, a mask, a zero denominator, both polarities."""

import csv
import itertools

import pytest

from acces_soins.catalog import MODELS, get_source, load_indicators, read_yaml
from acces_soins.settings import PROJECT

OVERSEAS = {("departement", f"97{n}") for n in (1, 2, 3, 4, 6)} | {
    ("region", f"0{n}") for n in (1, 2, 3, 4, 6)
}
CORSICA = {("departement", "2A"), ("departement", "2B"), ("region", "94")}
# A sign in a line of these deposits (a commune's time, a vehicle's circuit) is no masked figure.
LINES_NOT_FIGURES = {"part_pop_pharmacie_plus_10min", "part_pop_desert_cumul", "nb_medicobus"}
DENOMINATORS = ("population_standardisee_nb", "population_totale_nb", "population_reference", "population_nb")


def unit_tests(code):
    """The unit tests that stand beside the indicator's model."""
    [path] = MODELS.glob(f"indicators/*/ind_{code}.yml")
    return read_yaml(path)["unit_tests"]


def rows(tests, side):
    """The rows given to these tests or expected of them, where they are written as rows."""
    inputs = [test["expect"] if side == "expect" else given for test in tests for given in test["given"]]
    return list(
        itertools.chain.from_iterable(each["rows"] for each in inputs if isinstance(each.get("rows"), list))
    )


def places(expected):
    return {(row.get("niveau"), str(row["code_territoire"])) for row in expected}


def can_be_masked(indicator):
    """A rule of confidentiality, or a source whose cells may hold a sign in place of a figure."""
    if indicator.meta["confidentialite"]["regle"] != "aucune":
        return True
    if indicator.code in LINES_NOT_FIGURES:
        return False
    own = get_source(indicator.meta["sources"][0])
    return any({"NS", "NC", "ND"} & set(column.sentinels) for column in own.columns)


def is_ratio(row):
    """Whether the expected figure is what its two parts give."""
    top, bottom, value = (row.get(name) for name in ("numerateur", "denominateur", "valeur"))
    if None in (top, bottom, value) or not bottom or not value:
        return False
    return any(abs(scale * top / bottom - value) < 1e-8 for scale in (1, 100))


@pytest.mark.parametrize("indicator", load_indicators().values(), ids=lambda indicator: indicator.code)
def test_an_indicator_shows_its_cases(indicator):
    tests = unit_tests(indicator.code)
    expected = rows(tests, "expect")
    assert places(expected) & CORSICA, "aucune ligne attendue de Corse"
    assert places(expected) & OVERSEAS, "aucune ligne attendue d'outre-mer"
    assert [row for row in expected if row.get("valeur") is not None], "aucune valeur attendue"
    if can_be_masked(indicator):
        assert [row for row in expected if row.get("statut_source") == "masque"], "aucun masque attendu"
    if any(is_ratio(row) for row in expected):
        empty = [
            row
            for row in rows(tests, "given")
            if any(row.get(name) == 0 for name in (*DENOMINATORS, "effectif_nb"))
        ]
        assert empty, "aucun dénominateur nul parmi les lignes données"


def test_targets_of_both_polarities_are_followed():
    """The progress towards a target is one model for all: its unit test shows both, and both exist."""
    with (PROJECT / "dbt_project" / "seeds" / "cibles.csv").open(encoding="utf-8") as stream:
        targets = {row["code_indicateur"] for row in csv.DictReader(stream)}
    assert {load_indicators()[code].meta["sens"] for code in targets} == {"hausse", "baisse"}
    tests = read_yaml(MODELS / "intermediate" / "_unit_tests_comparaisons.yml")["unit_tests"]
    [test] = [test for test in tests if test["model"] == "int_comparaisons__cibles"]
    [catalogue] = [given["rows"] for given in test["given"] if "catalogue_indicateurs" in given["input"]]
    senses = {row["code_indicateur"]: row["sens"] for row in catalogue}
    assert {senses[row["code_indicateur"]] for row in test["expect"]["rows"]} == {"hausse", "baisse"}
