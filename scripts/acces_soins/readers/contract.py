"""The cells of a table against the patterns, the sentinels and the key of its contract."""

import re
from pathlib import Path

import duckdb
import numpy as np

from acces_soins.catalog import Column
from acces_soins.errors import RefusedInput
from acces_soins.readers.model import LINE, SHEET, Request, kept_columns
from acces_soins.sql_text import literal

MEMORY = "300MB"
WRONG_CELLS = "Corriger ces cellules à la source, ou demander au producteur un fichier corrigé."
SHIFTED = (
    "Le fichier est peut-être décalé par rapport à son entête, ou son format a changé : le signaler au "
    "producteur ou mettre le contrat à jour."
)


def check(request: Request, table: Path) -> None:
    """Refuse the first cell, in the order of the contract, that its column does not allow.

    One narrow scan per column, its one condition alone in the ``where``: DuckDB then tests each distinct
    value of a Parquet dictionary once (measured: 20 times faster than all conditions in one scan).
    """
    source = request.source
    settings = {"threads": 2, "memory_limit": MEMORY, "temp_directory": str(table.parent / "debord")}
    with duckdb.connect(config=settings) as connection:
        for column in source.columns:
            if column.name in kept_columns(source):
                _check_mandatory(connection, request, table, column)
                _check_pattern(connection, request, table, column)
                _check_single_value(connection, request, table, column)
        _check_key(connection, request, table)


def _from(table: Path) -> str:
    return f"read_parquet({literal(table)})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _place(line: int, sheet: str | None, column: str) -> str:
    return f"{f'feuille {sheet}, ' if sheet else ''}ligne {line}, colonne {column}"


def _absent(request: Request, column: Column) -> bool:
    return not column.required or {column.name, column.header} & set(request.absent)


def _check_mandatory(connection, request: Request, table: Path, column: Column) -> None:
    if not column.mandatory or _absent(request, column):
        return
    name = _quoted(column.name)
    count, line, sheet = connection.execute(
        f"select count(*), min({LINE}), min_by({SHEET}, {LINE}) from {_from(table)} where {name} is null"
    ).fetchone()
    if count:
        raise RefusedInput(
            request.name,
            _place(line, sheet, column.name),
            "une valeur",
            f"une cellule vide ({_times(count)})",
            "Un chiffre masqué doit porter son signe (NS, NC…) : demander un fichier complet au producteur.",
        )


def _check_pattern(connection, request: Request, table: Path, column: Column) -> None:
    # A pseudonym has the form of a hash: what its column held is no longer there to be compared.
    if not column.pattern or column.pseudonym:
        return
    name = _quoted(column.name)
    allowed = "|".join([f"(?:{column.pattern})", *(f"^{re.escape(token)}$" for token in column.sentinels)])
    count, line, sheet, value = connection.execute(
        f"select count(*), min({LINE}), min_by({SHEET}, {LINE}), min_by({name}, {LINE}) "
        # A literal: a parameter makes DuckDB import pandas, which takes longer than most files.
        f"from {_from(table)} where not regexp_matches({name}, {literal(allowed)})"
    ).fetchone()
    if count:
        rows = connection.execute(f"select count(*) from {_from(table)}").fetchone()[0]
        also = f" ou {', '.join(column.sentinels)}" if column.sentinels else ""
        raise RefusedInput(
            request.name,
            _place(line, sheet, column.name),
            f"une valeur de la forme {column.pattern}{also} ({_lower_first(column.description.rstrip('.'))})",
            f"« {value} » ({_times(count)} sur {rows})",
            SHIFTED if 2 * count > rows else WRONG_CELLS,
        )


def _check_single_value(connection, request: Request, table: Path, column: Column) -> None:
    if not column.single_value:
        return
    name = _quoted(column.name)
    values = [
        row[0]
        for row in connection.execute(
            f"select distinct {name} from {_from(table)} order by 1 limit 4"
        ).fetchall()
    ]
    if len(values) > 1:
        line, sheet = connection.execute(
            f"select {LINE}, {SHEET} from {_from(table)} "
            f"where {name} <> (select arg_min({name}, {LINE}) from {_from(table)}) order by {LINE} limit 1"
        ).fetchone()
        raise RefusedInput(
            request.name,
            _place(line, sheet, column.name),
            "une seule valeur dans tout le fichier",
            ", ".join(map(str, values)),
            "Une recopie incrémentée dans un tableur donne souvent cela : demander le fichier d'origine.",
        )


def _check_key(connection, request: Request, table: Path) -> None:
    names = [name for name in request.source.key if name not in request.absent]
    key = ", ".join(_quoted(name) for name in names)
    if not _may_repeat(connection, table, key):
        return
    duplicate = connection.execute(
        f"""
        select {key}, min({LINE}), max({LINE}), count(*), min({SHEET}) from {_from(table)}
        group by {key} having count(*) > 1 order by min({LINE}) limit 1
        """
    ).fetchone()
    if duplicate:
        *values, first, last, count, sheet = duplicate
        named = ", ".join(f"{n} = {v}" for n, v in zip(names, values, strict=True) if n != SHEET)
        raise RefusedInput(
            request.name,
            _place(last, sheet, " + ".join(n for n in names if n != SHEET)),
            "une seule ligne par clé",
            f"{count} lignes pour {named} (la première en ligne {first})",
            "Supprimer le doublon à la source : un territoire compté deux fois fausse les totaux.",
        )


def _may_repeat(connection, table: Path, key: str) -> bool:
    """Whether two rows share the hash of their key: eight bytes a row, where a group by holds the texts."""
    hashes = connection.execute(f"select hash({key}) as h from {_from(table)}").fetchnumpy()["h"]
    hashes.sort()
    return bool(np.any(hashes[1:] == hashes[:-1]))


def _times(count: int) -> str:
    return "1 ligne" if count == 1 else f"{count} lignes"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
