"""dbt's own tests: unit tests of every formula, then data tests, on a build without any source."""

import csv
import json
from collections import Counter
from itertools import combinations, permutations
from math import factorial

import pytest

from acces_soins.catalog import load_indicators
from acces_soins.settings import PROJECT

pytestmark = pytest.mark.xdist_group("dbt")


@pytest.fixture
def run_results(built_folder):
    """What became of each node."""
    return json.loads((built_folder / "dbt" / "run_results.json").read_text())["results"]


def test_every_dbt_test_passes_without_any_source(run_results):
    failed = [r["unique_id"] for r in run_results if r["status"] not in ("success", "pass")]
    assert not failed


def test_every_indicator_has_a_unit_test(run_results):
    tested = {r["unique_id"].split(".")[2] for r in run_results if r["unique_id"].startswith("unit_test.")}
    missing = {code for code in load_indicators() if f"ind_{code}" not in tested}
    assert not missing


def test_every_staging_model_has_a_key(run_results):
    staging = {path.stem for path in (PROJECT / "dbt_project/models/staging").glob("*/stg_*.sql")}
    keys = [r["unique_id"].split(".")[2] for r in run_results if r["unique_id"].startswith("test.")]
    assert {
        model for model in staging if not any(k.startswith(f"cle_unique_{model}_") for k in keys)
    } == set()


def test_the_exact_trend_test_is_that_of_the_permutations():
    rows = csv.DictReader((PROJECT / "dbt_project/seeds/ref_mann_kendall.csv").open())
    critical = {int(row["nb_points"]): int(row["s_critique"]) for row in rows}
    for points in (5, 6, 7):
        counts = Counter(
            abs(sum((b > a) - (b < a) for a, b in combinations(order, 2)))
            for order in permutations(range(points))
        )
        rare = [s for s in counts if sum(n for t, n in counts.items() if t >= s) <= 0.05 * factorial(points)]
        assert critical[points] == min(rare)
    assert sorted(critical) == list(range(5, 11))


def test_the_list_of_indicators_is_the_folder():
    text = (PROJECT / "dbt_project/models/intermediate/int_indicateurs__points.sql").read_text()
    listed = [
        line.strip(" ',")
        for line in text.split("indicateurs = [")[1].split("]")[0].split("\n")
        if line.strip()
    ]
    assert sorted(listed) == sorted(load_indicators())
