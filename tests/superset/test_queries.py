"""What the data sets of the pages read of the published file: marts shaped for them, never a long table."""

import json
from collections.abc import Iterator

import duckdb
import pytest

import published_marts
from acces_soins import dashboards
from acces_soins.dashboards import checks

DATASETS = dashboards.of_kind(dashboards.load_assets(), "datasets")
# One row per indicator × territory × quarter, or more; the pages have tableau_de_bord, already in words.
LONG = {"indicateurs_trimestriels", "comparaisons", "valeurs_connues"}
WIDE = "tableau_de_bord"


@pytest.fixture(scope="module")
def publication(tmp_path_factory):
    path = published_marts.build(tmp_path_factory.mktemp("lectures") / "entrepot.duckdb", for_pages=True)
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def scans(connection, sql: str) -> Iterator[tuple[str, str]]:
    """Each scan of a table in DuckDB's plan: (table, the filters that it applies while it reads)."""

    def walk(node: dict):
        inside = node.get("extra_info") or {}
        if "Table" in inside:
            yield inside["Table"].rpartition(".")[2], str(inside.get("Filters", ""))
        for child in node["children"]:
            yield from walk(child)

    ((_, plan),) = connection.execute(f"explain (format json) {sql}").fetchall()
    for root in json.loads(plan):
        yield from walk(root)


@pytest.mark.parametrize("path", DATASETS)
def test_no_tile_scans_a_long_table(publication, path):
    found = list(scans(publication, checks._render(DATASETS[path]["sql"], [])))
    assert found
    assert [table for table, _ in found if table in LONG] == []
    assert [table for table, filters in found if table == WIDE and "niveau=" not in filters] == []


def test_a_scan_of_the_long_table_would_be_seen(publication):
    publication.execute("create or replace temp view vue as select * from marts.comparaisons")
    assert list(scans(publication, "select max(valeur_france) from vue")) == [("comparaisons", "")]
    ((table, filters),) = scans(publication, "select * from marts.tableau_de_bord where niveau = 'france'")
    assert (table, "niveau='france'" in filters) == (WIDE, True)
