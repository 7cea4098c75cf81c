"""The public tables, as the published file holds them: columns, comments, key, links that hold."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb

from acces_soins.catalog import MODELS, read_yaml

# The key of a table that dbt does not make, and what its columns hold.
CHECKS = "qualite"
CHECKS_COLUMNS = {
    "run": "Nuit ou dépôt du contrôle.",
    "frontiere": "entree (dernier fichier jugé de chaque source) ou sortie (ce qui est publié).",
    "suite": "Suite du contrôle : landing/<source>, publication/<table>, secret ou registre.",
    "controle": "Contrôle.",
    "severite": "critique (refuse le fichier à l'entrée, la publication à la sortie) ou avertissement.",
    "attendu": "Ce que le contrôle attend.",
    "observe": "Ce qu'il a trouvé ; réservé à l'exploitant quand le dire aiderait à lever un secret.",
    "resultat": "reussi ou echoue.",
    "exemples": "Quelques clés en défaut, en JSON.",
}
# Every value of every publication grows with the years: ten of them are half a gigabyte of CSV.
PARQUET_ONLY = ("valeurs_connues",)
# Tables that others refer to, by their whole key.
REFERRED = ("catalogue_indicateurs", "catalogue_sources", "territoires", "indicateurs_trimestriels")


@dataclass(frozen=True)
class Column:
    """A column: its DuckDB type, and the French sentence that says what it holds."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Link:
    """A foreign key that every row of the published table respects."""

    fields: tuple[str, ...]
    table: str


@dataclass(frozen=True)
class Table:
    """A public table. Without a key its rows are ordered by all their columns."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: int
    # Where its rows stand in their order already.
    ordered: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def in_csv(self) -> bool:
        return self.name not in PARQUET_ONLY

    @property
    def select(self) -> str:
        """The rows in an order that does not depend on how they were written."""
        if self.ordered:
            return f"from {self.ordered}"
        order = ", ".join(f'"{name}"' for name in self.key) or "all"
        return f'select * from marts."{self.name}" order by {order}'


def read(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """Every table of ``marts``, in the order of their names."""
    contracts = dict(_contracts())
    columns: dict[str, list[Column]] = {}
    for table, name, kind, comment in connection.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns() "
        "where database_name = current_database() and schema_name = 'marts' and not internal "
        "and table_name in (select table_name from duckdb_tables() where schema_name = 'marts') "
        "order by table_name, column_index"
    ).fetchall():
        known = comment or contracts.get(table, ("", (), {}))[2].get(name, "")
        columns.setdefault(table, []).append(Column(name, kind, known))
    return [_table(connection, name, found, contracts) for name, found in columns.items()]


@contextmanager
def in_order(connection: duckdb.DuckDBPyConnection, table: Table) -> Iterator[Table]:
    """The same table with its rows sorted once, for all the files that are made of it meanwhile."""
    connection.execute(f"create temp table ordonnees as {table.select}")
    try:
        yield replace(table, ordered="temp.ordonnees")
    finally:
        connection.execute("drop table temp.ordonnees")


def links(connection: duckdb.DuckDBPyConnection, table: Table, tables: Sequence[Table]) -> list[Link]:
    """The foreign keys of a table among these: those that its rows respect."""
    referred = [other for name in REFERRED for other in tables if other.name == name and other is not table]
    candidates = [other for other in referred if other.key and set(other.key) <= set(table.names)]
    return [Link(other.key, other.name) for other in candidates if _holds(connection, table, other)]


def _table(connection, name: str, columns: Sequence[Column], contracts: dict) -> Table:
    description, key, _ = contracts.get(name, (name, (), {}))
    rows = connection.execute(f'select count(*) from marts."{name}"').fetchone()[0]
    return Table(name, description, tuple(columns), key, rows)


def _contracts() -> Iterator[tuple[str, tuple[str, tuple[str, ...], dict[str, str]]]]:
    """Name → description, key, descriptions of the columns, from dbt's YAML."""
    yield CHECKS, ("Chaque contrôle à l'entrée et à la sortie, et ce qu'il a trouvé.", (), CHECKS_COLUMNS)
    for path in sorted((MODELS / "marts").glob("*.yml")):
        for model in read_yaml(path).get("models", []):
            described = {c["name"]: c.get("description", "") for c in model.get("columns", [])}
            yield model["name"], (model.get("description", ""), _key(model), described)


def _key(model: dict) -> tuple[str, ...]:
    """The columns of the test ``cle_unique``, which each mart has."""
    for test in model.get("data_tests", []):
        if isinstance(test, dict) and "cle_unique" in test:
            return tuple(test["cle_unique"]["arguments"]["colonnes"])
    return ()


def _holds(connection, table: Table, other: Table) -> bool:
    fields = ", ".join(f'"{name}"' for name in other.key)
    filled = " and ".join(f'"{name}" is not null' for name in other.key)
    orphan = connection.execute(
        f'select 1 from (select distinct {fields} from marts."{table.name}" where {filled}) as ici '
        f'anti join marts."{other.name}" using ({fields}) limit 1'
    ).fetchone()
    return orphan is None
