"""JSON: a list of records, alone or in one giant object, read as a stream; columns are paths in a record.

``lecture: {enregistrements: pmej.ege}`` says where the records are; the first name is the list that is
streamed, the others are lists within its elements. A column's ``entete`` is a path in the record
(``adresse[usageAdresse=03].cogCommune``: the first of the list that matches; ``espic[0]``), or, after
``../``, in the record around it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from acces_soins.catalog import Source
from acces_soins.errors import RefusedInput
from acces_soins.readers import headers
from acces_soins.readers.model import LINE, ReadResult, Request, kept_columns, open_table, to_table

CHUNK = 8 << 20
LARGEST_RECORD = 256 << 20
GROUP_ROWS = 50_000
BORDERS_TRIED = 8
ONE_BY_ONE = 1000
FIRST_LOOK = 1 << 16
BOM = b"\xef\xbb\xbf"
BLANKS = re.compile(rb"[ \t\r\n]*")
# Between two records: a comma, a brace and the name that records begin with.
BORDER = re.compile(rb'\s*,\s*\{\s*"[^"]*"')
DECODER = json.JSONDecoder()
ANYTHING = msgspec.json.Decoder(list[msgspec.Raw])
STEP = re.compile(r"(\w+)(?:\[(?:0|(\w+)=([^\]]*))\])?")
Scalar = str | int | float | bool | None


def read(request: Request, target: Path) -> ReadResult:
    """Write the contract's columns of every record to ``target`` (Parquet, all text).

    Raises RefusedInput when the text is no JSON, ends too soon or lacks the list or a field.
    """
    layout = Layout.of(request.source)
    rows, filled, waiting = 0, set(), []
    with request.path.open("rb") as stream, open_table(request.source, target) as writer:
        text = _Text(request, stream, layout)
        for elements in text.elements():
            columns, count = layout.table(elements)
            filled.update(name for name, array in columns.items() if array.null_count < count)
            columns[LINE] = pa.array(np.arange(rows + 1, rows + 1 + count))
            waiting.append(to_table(request.source, columns, count))
            rows += count
            if sum(map(len, waiting)) >= GROUP_ROWS:
                writer.write_table(pa.concat_tables(waiting))
                waiting.clear()
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
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


def _texts(values: list[Scalar]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.array(
            [v if v is None or isinstance(v, str) else json.dumps(v) for v in values], pa.string()
        )


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


# The records, from the contract's paths


@dataclass
class Node:
    """What is read of an object: leaves and inner objects by name; ``is_list`` when it is a list of them."""

    children: dict[str, "Node"] = field(default_factory=dict)
    is_list: bool = False

    def child(self, name: str) -> "Node":
        return self.children.setdefault(name, Node())

    def type(self, name: str) -> Any:
        """The msgspec type: what the contract does not name is skipped by the parser, never built."""
        if self.children:
            fields = [(key, child.type(key), None) for key, child in self.children.items()]
            own = msgspec.defstruct(name, fields, gc=False) | None
        else:
            own = Scalar
        return list[own] | None if self.is_list else own


class Step(NamedTuple):
    """One name of a path; of a list the first item, or the first whose ``key`` is ``wanted``."""

    name: str
    is_list: bool
    key: str | None
    wanted: str | None


@dataclass(frozen=True)
class Layout:
    """Where records are and how the contract's columns are taken from them.

    ``columns`` gives each column its level (0: the elements of the streamed list) and its path there.
    """

    path: str
    inner: tuple[str, ...]
    columns: dict[str, tuple[int, tuple[Step, ...]]]
    decoder: msgspec.json.Decoder
    known: frozenset[str]

    @classmethod
    def of(cls, source: Source) -> "Layout":
        path = source.reading.get("enregistrements", "")
        inner = tuple(path.split(".")[1:])
        levels = [Node()]
        for name in inner:
            levels.append(levels[-1].child(name))
            levels[-1].is_list = True
        columns = {}
        for name in kept_columns(source):
            header = source.column(name).header
            level = len(inner) - header.count("../")
            columns[name] = level, _declared(header.replace("../", ""), levels[level])
        decoder = msgspec.json.Decoder(list[levels[0].type("Enregistrement")])
        known = frozenset(name for level in levels for name in level.children)
        return cls(path, inner, columns, decoder, known)

    @property
    def streamed(self) -> str:
        return self.path.split(".")[0]

    def table(self, elements: list[Any]) -> tuple[dict[str, pa.Array], int]:
        """The columns of the records within some elements, and their number."""
        levels = [elements]
        for name in self.inner:
            lists = [getattr(record, name) or () for record in levels[-1]]
            levels = [
                [record for record, inner in zip(level, lists, strict=True) for _ in inner]
                for level in levels
            ]
            levels.append([record for inner in lists for record in inner])
        known: dict[tuple, list] = {(level, ()): records for level, records in enumerate(levels)}
        columns = {name: _texts(_taken(known, level, path)) for name, (level, path) in self.columns.items()}
        return columns, len(levels[-1])


def _declared(path: str, node: Node) -> tuple[Step, ...]:
    """The steps of a path, declared to the node that they start from."""
    steps = []
    for part in path.split("."):
        name, key, wanted = STEP.fullmatch(part).groups()
        steps.append(Step(name, "[" in part, key, wanted))
        node = node.child(name)
        node.is_list = node.is_list or "[" in part
        if key:
            node.child(key)
    return tuple(steps)


def _taken(known: dict[tuple, list], level: int, path: tuple[Step, ...]) -> list:
    """The values at the end of a path, one a record; paths that begin alike share their beginning."""
    if (level, path) not in known:
        step, get = path[-1], attrgetter(path[-1].name)
        records = _taken(known, level, path[:-1])
        try:
            values = list(map(get, records))
        except AttributeError:  # a record that has no such object is None: rarer, and slower to pass over
            values = [None if record is None else get(record) for record in records]
        if step.is_list:
            values = [_first(items, step) if items else None for items in values]
        known[level, path] = values
    return known[level, path]


def _first(items: list, step: Step) -> Any:
    if step.key is None:
        return items[0]
    for item in items:
        if getattr(item, step.key) == step.wanted:
            return item
    return None


# The text, cut at the borders of records


class _Text:
    """A JSON text of which one list is streamed; ``keys`` are the names met at its top and in records."""

    def __init__(self, request: Request, stream: BinaryIO, layout: Layout):
        self.request, self.stream, self.layout = request, stream, layout
        self.buffer, self.at, self.ended = b"", 0, False
        self.count = 0
        self.keys: set[str] = set()

    def elements(self) -> Iterator[list[Any]]:
        """The elements of the streamed list, many at a time; then the rest, so that a cut is seen."""
        self._more()
        self.at = len(BOM) if self.buffer.startswith(BOM) else 0
        opening = self._next()
        if opening == b"[":
            yield from self._list(self.layout.decoder)
        elif opening == b"{" and self.layout.streamed:
            yield from self._object()
        else:
            raise self._refuse("une liste d'enregistrements", f"« {opening.decode(errors='replace')} »")

    def _object(self) -> Iterator[list[Any]]:
        found = False
        while self._peek() != b"}":
            name = self._value()
            self._skip(b":")
            if name == self.layout.streamed and self._peek() == b"[":
                found = True
                self._next()
                yield from self._list(self.layout.decoder)
            else:
                self.keys.add(name)
                self._walk()
            if self._peek() == b",":
                self._next()
        if not found:
            raise self._refuse(f"la liste « {self.layout.streamed} »", ", ".join(sorted(self.keys)))

    def _walk(self) -> None:
        """Pass over a value; a list may be as long as the streamed one."""
        if self._peek() != b"[":
            self._value()
            return
        self._next()
        for _ in self._list(ANYTHING, wanted=False):
            pass

    def _list(self, decoder: msgspec.json.Decoder, wanted: bool = True) -> Iterator[list[Any]]:
        """The elements of the list that was just opened, many at a time."""
        while self._peek() != b"]":
            many = self._many(decoder, wanted)
            if many is None:
                many = self._one_by_one(decoder, wanted)
            self.count += len(many) if wanted else 0
            yield many
            if self._peek() == b",":
                self._next()
        self._next()

    def _many(self, decoder: msgspec.json.Decoder, wanted: bool) -> list[Any] | None:
        """The elements that the buffer holds whole, cut where the last one begins as the second one does.

        The parser itself proves a cut: a border inside a record or inside a text would not parse.
        """
        while len(self.buffer) - self.at < CHUNK and self._more():
            pass
        _, end = self._measure()
        border = BORDER.match(self.buffer, end)
        if border is None:
            return None
        mark, position = b"}" + border.group(), len(self.buffer)
        for _ in range(BORDERS_TRIED):
            position = self.buffer.rfind(mark, end - 1, position)
            if position < 0:
                return None
            try:
                many = decoder.decode(b"[" + self.buffer[self.at : position + 1] + b"]")
            except msgspec.ValidationError as error:
                raise self._refuse("des champs de la forme du contrat", str(error)) from error
            except msgspec.DecodeError:
                continue
            if wanted:
                self._note(self.buffer[self.at : end])
            self.at = position + 1
            return many
        return None

    def _one_by_one(self, decoder: msgspec.json.Decoder, wanted: bool) -> list[Any]:
        """Near the end of a list, or where borders are not plain: elements measured one after the other."""
        found: list[Any] = []
        while not found or (self._peek() != b"]" and len(found) < ONE_BY_ONE):
            _, end = self._measure()
            text, self.at = self.buffer[self.at : end], end
            try:
                found += decoder.decode(b"[" + text + b"]")
            except msgspec.DecodeError as error:
                raise self._refuse("des champs de la forme du contrat", str(error)) from error
            if wanted:
                self._note(text)
            if self._peek() == b",":
                self._next()
        return found

    def _note(self, text: bytes) -> None:
        """Remember the names of a record, so that those that the contract ignores are told."""
        value = json.loads(text)
        for name in [*self.layout.path.split(".")[1:], None]:
            if not isinstance(value, dict):
                return
            self.keys.update(value)
            value = next(iter(value.get(name) or ()), None)

    def _value(self) -> Any:
        value, self.at = self._measure()
        return value

    def _measure(self) -> tuple[Any, int]:
        """The value at the head of the text and the place in the buffer where it ends, read until whole."""
        size = FIRST_LOOK
        while True:
            self._peek()
            # One character a byte: places in this text are places in the buffer.
            head = self.buffer[self.at : self.at + size].decode("latin-1")
            whole = self.ended and self.at + size >= len(self.buffer)
            try:
                value, end = DECODER.raw_decode(head)
                if end < len(head) or whole:
                    text = value.encode("latin-1").decode() if isinstance(value, str) else value
                    return text, self.at + end
            except json.JSONDecodeError as error:
                if whole or size > LARGEST_RECORD:
                    raise self._refuse("du JSON bien formé", error.msg) from error
            size *= 4
            while self.at + size > len(self.buffer) and self._more():
                pass

    def _more(self) -> bool:
        """Read on; what is behind is let go."""
        chunk = self.stream.read(CHUNK)
        self.buffer, self.at = self.buffer[self.at :] + chunk, 0
        self.ended = not chunk
        return bool(chunk)

    def _peek(self) -> bytes:
        while True:
            self.at = BLANKS.match(self.buffer, self.at).end()
            if self.at < len(self.buffer):
                return self.buffer[self.at : self.at + 1]
            if not self._more():
                raise self._refuse("la suite du JSON", "la fin du fichier")

    def _next(self) -> bytes:
        first = self._peek()
        self.at += 1
        return first

    def _skip(self, expected: bytes) -> None:
        if (found := self._next()) != expected:
            raise self._refuse(f"« {expected.decode()} »", f"« {found.decode(errors='replace')} »")

    def _refuse(self, expected: str, found: str) -> RefusedInput:
        return RefusedInput(
            self.request.name,
            f"après l'enregistrement {self.count}",
            expected,
            found[:300],
            "Télécharger le fichier de nouveau ; s'il est complet, mettre le contrat à jour.",
        )
