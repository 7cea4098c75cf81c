"""The contracts of the marts: which columns of which types each table has, from dbt's YAML."""

from pathlib import Path

from acces_soins.catalog import MODELS, read_yaml

# Written by the publication itself, not by dbt: the results of the checks.
QUALITY = dict.fromkeys(
    (
        "run",
        "frontiere",
        "suite",
        "controle",
        "severite",
        "attendu",
        "observe",
        "resultat",
        "exemples",
    ),
    "varchar",
)

Contracts = dict[str, dict[str, str]]  # table → column → type


def marts_contracts(models: Path = MODELS) -> Contracts:
    """The contract of every mart."""
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model.get("columns", [])}
        for path in sorted((models / "marts").glob("*.yml"))
        for model in read_yaml(path).get("models", [])
    }


def readable_contracts() -> Contracts:
    """What pages may read: the marts, and the results of the checks that the publication adds."""
    return marts_contracts() | {"qualite": QUALITY}
