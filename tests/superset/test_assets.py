"""The assets against the marts' contracts: no Superset, no published file."""

import copy
import shutil

import pytest
import yaml

import published_marts
from acces_soins import dashboards

CONTRACTS = published_marts.CONTRACTS


@pytest.fixture
def copied_assets(tmp_path):
    """A copy of the assets, and a way to change one file of it."""
    folder = tmp_path / "assets"
    shutil.copytree(dashboards.ASSETS, folder)

    def change(path, edit):
        content = yaml.safe_load((folder / path).read_text(encoding="utf-8"))
        edit(content)
        (folder / path).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return dashboards.check_assets(CONTRACTS, folder)

    return change


def test_the_assets_fit_the_contracts():
    assert dashboards.check_assets(CONTRACTS) == []


@pytest.mark.skipif(
    not dashboards.marts_contracts(), reason="les contrats des marts ne sont pas encore écrits"
)
def test_the_assets_fit_the_contracts_of_dbt():
    assert dashboards.check_assets() == []


def test_a_column_that_left_the_mart_is_named():
    contracts = copy.deepcopy(CONTRACTS)
    del contracts["tableau_de_bord"]["evolution"]
    problems = dashboards.check_assets(contracts)
    assert any("departements.yaml" in p and "evolution" in p for p in problems)


def test_a_column_that_changed_type_is_named():
    contracts = copy.deepcopy(CONTRACTS)
    contracts["tableau_de_bord"]["valeur"] = "VARCHAR"
    assert any("departements.yaml" in p for p in dashboards.check_assets(contracts))


@pytest.mark.parametrize(
    ("path", "edit", "expected"),
    [
        ("charts/carte.yaml", lambda a: a["params"].update(entity="absente"), "colonne « absente »"),
        ("charts/carte.yaml", lambda a: a["params"].update(metric="absente"), "mesure « absente »"),
        ("charts/carte.yaml", lambda a: a.update(dataset_uuid="x"), "le jeu x n'existe pas"),
        ("charts/carte.yaml", lambda a: a.update(uuid="x"), "uuid absent ou mal formé"),
        ("charts/carte.yaml", lambda a: a.update(slice_name="Value by area"), "pas en français"),
        (
            "dashboards/vue_ensemble.yaml",
            lambda a: a["metadata"]["native_filter_configuration"][0]["targets"][0]["column"].update(
                name="x"
            ),
            "filtre Indicateur",
        ),
        (
            "dashboards/vue_ensemble.yaml",
            lambda a: a["metadata"]["native_filter_configuration"][1]["scope"].update(excluded=[99]),
            "graphiques inconnus [99]",
        ),
        (
            "datasets/acces_soins/departements.yaml",
            lambda a: a["metrics"][0].update(expression="max(absente)"),
            "mesure valeur_carte",
        ),
    ],
)
def test_a_broken_asset_is_named(copied_assets, path, edit, expected):
    problems = copied_assets(path, edit)
    assert any(expected in problem for problem in problems), problems


def test_two_assets_never_share_a_uuid(copied_assets):
    twin = dashboards.load_assets()["charts/legende.yaml"]["uuid"]
    assert any("même uuid" in p for p in copied_assets("charts/carte.yaml", lambda a: a.update(uuid=twin)))


def test_the_database_entry_is_hardened():
    entry = dashboards.load_assets()["databases/acces_soins.yaml"]
    arguments = entry["extra"]["engine_params"]["connect_args"]
    assert arguments["read_only"] is True
    assert arguments["config"]["enable_external_access"] is False
    assert arguments["config"]["lock_configuration"] is True
    assert not any(entry[name] for name in ("allow_ctas", "allow_cvas", "allow_dml", "allow_csv_upload"))
