"""Breaking a formula, a polarity, a weight or a status rule must make a unit test of dbt fail."""

import json
from pathlib import Path

import duckdb
import pytest

from mutations import holds, mutants

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("dbt")]

# Each line is a change that no unit test sees, under the reason why it is known.
ADMITTED = Path(__file__).with_name("mutants_admis.txt")
MODELS = (
    *("ind_", "int_indicateurs", "int_comparaisons", "int_population", "int_apl", "int_finess"),
    *("int_rpps", "int_zonage", "int_temps", "comparaisons", "rapprochements", "affirmations", "revisions"),
)


@pytest.fixture(scope="module")
def queries(built_folder):
    """The compiled unit tests of each model: fixtures, the model's SQL and the expected rows in one query."""
    manifest = json.loads((built_folder / "dbt" / "manifest.json").read_text())
    compiled = {path.stem: path for path in (built_folder / "dbt" / "run").rglob("*.sql")}
    found: dict[str, list[str]] = {}
    for test in manifest["unit_tests"].values():
        if test["model"].startswith(MODELS):
            found.setdefault(test["model"], []).append(compiled[test["name"]].read_text())
    return found


def named(told, model):
    """A change, whatever the indicator that it is in."""
    return told.replace(model.removeprefix("ind_"), "…")


def test_no_formula_can_be_broken_unseen(queries):
    admitted = {line for line in ADMITTED.read_text().splitlines() if line and not line.startswith("#")}
    killed: dict[str, bool] = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        for model, tests in sorted(queries.items()):
            assert all(holds(query, connection) for query in tests), model
            for query in tests:
                # A macro is in many models: a change that one of them sees is seen.
                for told, mutant in mutants(
                    query, lambda told, model=model: not killed.get(named(told, model))
                ):
                    killed[named(told, model)] = not holds(mutant, connection)
    survivors = {change for change, seen in killed.items() if not seen}
    unseen = sorted(survivors - admitted)
    print(f"{len(killed)} mutants, {len(survivors)} survivants", *unseen, sep="\n")
    assert not unseen
