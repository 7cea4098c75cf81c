"""The package runs without Airflow and without Superset: only their own processes import them."""

import ast

import pytest

from acces_soins.settings import PROJECT

MODULES = sorted((PROJECT / "scripts" / "acces_soins").rglob("*.py"))


def imported(path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_the_package_imports_neither_airflow_nor_superset(path):
    assert not imported(path) & {"airflow", "superset"}
