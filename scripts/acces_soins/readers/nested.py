"""JSON: a list of records, alone or in one giant object; columns are paths in a record.

``lecture: {enregistrements: pmej.ege}`` says where the records are; the first name is the list in the
file, the others are lists within its elements. A column's ``entete`` is a path in the record
(``adresse[usageAdresse=03].cogCommune``: the first of the list that matches; ``espic[0]``), or, after
``../``, in the record around it.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from acces_soins.catalog import Source
from acces_soins.errors import RefusedInput
from acces_soins.readers import headers
from acces_soins.readers.json_text import JsonText, Piece
from acces_soins.readers.model import (
    LINE,
    ReadResult,
    Request,
    kept_columns,
    line_numbers,
    open_table,
    to_table,
)
from acces_soins.readers.threads import in_order
from acces_soins.sql_text import literal

GROUP_ROWS = 50_000
LARGEST_RECORD = 32 << 20
USUAL_RECORD = 1 << 20
STEP = re.compile(r"(\w+)(?:\[(?:0|(\w+)=([^\]]*))\])?")
# DuckDB's place in a list counts more than its records: the piece alone is sure.
PLACE = re.compile(r'( in file ".*?")?(, | at byte \d+ )?in record/value \d+')
# What DuckDB says of a record that it does not take, and what the file should have held.
EXPECTED = {
    "JSON transform error": "des champs de la forme du contrat",
    "maximum_object_size": f"des enregistrements de moins de {LARGEST_RECORD >> 20} Mo",
}


def read(request: Request, target: Path) -> ReadResult:
    """Write the contract's columns of every record to ``target`` (Parquet, all text).

    Raises RefusedInput when the text is no JSON, ends too soon or lacks the list or a field.
    """
    layout = Layout.of(request.source)
    rows, filled = 0, set()
    with (
        request.path.open("rb") as stream,
        tempfile.TemporaryDirectory(dir=target.parent) as folder,
        open_table(request.source, target) as writer,
        duckdb.connect() as connection,
    ):
        text = JsonText(request, stream, layout.path)
        # Closed before the rest: pieces may still be read from the folder.
        with closing(_tables(connection, layout, text, Path(folder))) as tables:
            for table in tables:
                columns = {name: table[name] for name in layout.columns}
                filled.update(name for name, array in columns.items() if array.null_count < len(table))
                columns[LINE] = line_numbers(rows + 1, len(table))
                writer.write_table(to_table(request.source, columns, len(table)))
                rows += len(table)
    if rows == 0:
        raise RefusedInput(
            request.name,
            f"liste « {layout.path} »",
            "au moins un enregistrement",
            "une liste vide",
            "Demander au producteur un export complet.",
        )
    _check_fields(request, layout, filled)
    known = {*layout.known, *request.source.reading.get("cles_connues", [])}
    return ReadResult(rows, "utf-8", tuple(sorted(text.keys - known)))


def _tables(
    connection: duckdb.DuckDBPyConnection, layout: "Layout", text: JsonText, folder: Path
) -> Iterator[pa.Table]:
    """The records of a text, in its order; its pieces are read while the next one is cut."""

    def tables(piece: Piece) -> Iterable[pa.Table]:
        if piece.path == text.request.path:
            # The file itself: of any size, so never held whole.
            return _records(connection, layout, piece, text)
        with connection.cursor() as own:
            found = list(_records(own, layout, piece, text))
        piece.path.unlink()
        return found

    for found in in_order(tables, text.pieces(folder)):
        yield from found


def _records(
    connection: duckdb.DuckDBPyConnection, layout: "Layout", piece: Piece, text: JsonText
) -> Iterator[pa.Table]:
    """The records of a piece, in its order."""
    try:
        # A literal: a parameter makes DuckDB import pandas, which takes longer than most files.
        query = layout.query.replace("$file", literal(piece.path)).replace("$largest", str(_room(piece)))
        found = connection.execute(query)
        for batch in found.to_arrow_reader(GROUP_ROWS):
            yield pa.Table.from_batches([batch])
    except duckdb.InvalidInputException as error:
        said = PLACE.sub("", str(error).splitlines()[0])
        expected = next((words for mark, words in EXPECTED.items() if mark in said), "du JSON bien formé")
        raise text.refuse(expected, said, piece.before) from error


def _room(piece: Piece) -> int:
    """Bytes that DuckDB keeps for a record: it makes that room anew for each piece, which takes its time."""
    if piece.largest is None:
        return LARGEST_RECORD
    return min(max(2 * piece.largest, USUAL_RECORD), LARGEST_RECORD)


def _check_fields(request: Request, layout: "Layout", filled: set[str]) -> None:
    """Refuse a file in which a required path leads nowhere, in any record."""
    declared = {headers.normalise(name) for name in request.absent}
    missing = [
        column.header
        for column in map(request.source.column, layout.columns)
        if column.required
        and column.name not in filled
        and not {headers.normalise(column.header), column.name} & declared
    ]
    if missing:
        found = [request.source.column(name).header for name in layout.columns if name in filled]
        raise headers.refuse_header(request.name, f"liste « {layout.path} »", missing, found)


# The query, from the contract's paths


@dataclass
class Node:
    """What is read of an object: leaves and inner objects by name; ``is_list`` when it is a list of them."""

    children: dict[str, "Node"] = field(default_factory=dict)
    is_list: bool = False

    def child(self, name: str) -> "Node":
        return self.children.setdefault(name, Node())

    @property
    def type(self) -> str:
        """The type in SQL: what the contract does not name is skipped by the parser."""
        own = "varchar"
        if self.children:
            fields = [f'"{name}" {child.type}' for name, child in self.children.items()]
            own = f"struct({', '.join(fields)})"
        return own + "[]" * self.is_list


class Step(NamedTuple):
    """One name of a path; of a list the first item, or the first whose ``key`` is ``wanted``."""

    name: str
    is_list: bool
    key: str | None
    wanted: str | None

    def after(self, record: str) -> str:
        """The step in SQL, from the expression that gives the record (nothing at the top)."""
        place = f'{record}."{self.name}"' if record else f'"{self.name}"'
        if self.key:
            place = f"list_filter({place}, lambda item: item.\"{self.key}\" = '{self.wanted}')"
        return f"{place}[1]" if self.is_list else place


@dataclass(frozen=True)
class Layout:
    """Where records are, the contract's ``columns``, the ``query`` on ``$file``, the names it ``known``s."""

    path: str
    columns: tuple[str, ...]
    query: str
    known: frozenset[str]

    @classmethod
    def of(cls, source: Source) -> "Layout":
        path = source.reading.get("enregistrements", "")
        inner = path.split(".")[1:]
        levels = [Node()]
        for name in inner:
            levels.append(levels[-1].child(name))
            levels[-1].is_list = True
        taken: list[dict[str, str]] = [{} for _ in levels]
        for name in kept_columns(source):
            header = source.column(name).header
            level = len(inner) - header.count("../")
            steps = _declared(header.replace("../", ""), levels[level])
            place = "record" if level else ""
            for step in steps:
                place = step.after(place)
            taken[level][name] = place
        known = frozenset(name for level in levels for name in level.children)
        return cls(path, tuple(kept_columns(source)), _query(levels[0], inner, taken), known)


def _query(root: Node, inner: list[str], taken: list[dict[str, str]]) -> str:
    """A query that opens one list after the other; each level gives its columns to the one within."""
    fields = ", ".join(f"'{name}': '{child.type}'" for name, child in root.children.items())
    query = f"from read_json($file, format = 'array', columns = {{{fields}}}, maximum_object_size = $largest)"
    above: list[str] = []
    for level, columns in enumerate(taken):
        places = [f'{place} as "{name}"' for name, place in columns.items()]
        if level < len(inner):
            record = "record." if level else ""
            places.append(f'unnest({record}"{inner[level]}") as record')
        query = f"select {', '.join([*above, *places])} {query}"
        if level < len(inner):
            query = f"from ({query})"
        above += [f'"{name}"' for name in columns]
    return query


def _declared(path: str, node: Node) -> list[Step]:
    """The steps of a path, declared to the node that they start from."""
    steps = []
    for part in path.split("."):
        name, key, wanted = STEP.fullmatch(part).groups()
        steps.append(Step(name, "[" in part, key, wanted))
        node = node.child(name)
        node.is_list = node.is_list or "[" in part
        if key:
            node.child(key)
    return steps
