"""Delimited text, with a header found by content or in FINESS's headerless sections."""

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from acces_soins.errors import RefusedInput
from acces_soins.readers import headers
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

SEPARATORS = ";,|\t"
FIRST_BYTES = 512
NO_TEXT = {
    b"pk\x03\x04": "un classeur Excel, ou une archive ZIP",
    b"\xd0\xcf\x11\xe0": "un classeur Excel d'ancien format",
    b"\x1f\x8b": "une archive gzip",
    b"%pdf-": "un document PDF",
    b"<!doctype html": "une page HTML",
    b"<html": "une page HTML",
    b"\xff\xfe": "un texte en UTF-16",
    b"\xfe\xff": "un texte en UTF-16",
}
HEADER_SEARCH_LINES = 30
HEADER_LINE_CHARACTERS = 1 << 20
UTF8 = ("utf-8", "utf-8-sig", "ascii")
CHUNK = 8 << 20  # bytes parsed at once: a row group of Parquet
DECODED = 1 << 18  # bytes decoded at once: the text stays in the processor's cache


@dataclass(frozen=True)
class Body:
    """How the rows of a file are cut, below ``skip`` lines; ``quoted`` when it holds quotes."""

    encoding: str
    separator: str
    names: list[str]
    skip: int
    quoted: bool

    @property
    def in_chunks(self) -> bool:
        """Without quotes a line break always ends a row, so that pieces can be parsed side by side."""
        return not self.quoted


def read(request: Request, target: Path) -> ReadResult:
    """Write the contract's columns of a delimited file to ``target`` (Parquet, all text).

    Its encoding is the first of the contract that decodes the whole of it. Raises RefusedInput, with the
    first line that none can decode where that is the reason.
    """
    _check_is_text(request)
    allowed = request.source.reading.get("encodages", ["utf-8"])
    for encoding in allowed:
        try:
            return _read_as(request, target, encoding)
        except UnicodeError:
            continue  # found on the way: a pass over the whole file before would cost a tenth of the time
    raise _refuse_encoding(request, allowed)


def _read_as(request: Request, target: Path, encoding: str) -> ReadResult:
    """Raises UnicodeError where the file is no text in that encoding."""
    sections = request.source.reading.get("sections")
    if sections and _first_line(request.path, encoding).startswith(f"{sections['marque']};"):
        return _read_sections(request, target, encoding, sections)
    return _read_with_header(request, target, encoding)


def _check_is_text(request: Request) -> None:
    """Name what is no delimited text by its first bytes: an encoding would be a poor reason to refuse it."""
    with request.path.open("rb") as stream:
        start = stream.read(FIRST_BYTES).removeprefix(codecs.BOM_UTF8).lstrip().lower()
    found = next((kind for magic, kind in NO_TEXT.items() if start.startswith(magic)), None)
    if found:
        raise RefusedInput(
            request.name,
            "fichier entier",
            "un texte délimité (CSV)",
            found,
            "Reprendre les données elles-mêmes, enregistrées en « CSV UTF-8 ».",
        )


def _refuse_encoding(request: Request, allowed: list[str]) -> RefusedInput:
    with request.path.open("rb") as stream:
        line, byte = _first_undecodable(stream, allowed[-1])
    return RefusedInput(
        request.name,
        f"ligne {line}",
        f"un texte codé en {' ou '.join(allowed)}",
        f"l'octet 0x{byte:02x}, impossible dans ce codage",
        "Demander au producteur un export en UTF-8, ou convertir le fichier avant de le remettre.",
    )


def _check_encoding(stream: BinaryIO, encoding: str) -> None:
    """Raises UnicodeError where a text is not in that encoding."""
    if _first_undecodable(stream, encoding):
        raise UnicodeError(encoding)


def _first_undecodable(stream: BinaryIO, encoding: str) -> tuple[int, int] | None:
    """Line and byte of the first place that is no text in that encoding; None when all of it is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    start, pending, chunk = 0, b"", b""
    try:
        while chunk := stream.read(DECODED):
            decoder.decode(chunk)
            if b"\0" in chunk:
                return _line_of(stream, start + chunk.index(b"\0")), 0
            start, pending = start + len(chunk), decoder.getstate()[0]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        faulty = start - len(pending) + error.start
        return _line_of(stream, faulty), (pending + chunk)[error.start]
    return None


def _line_of(stream: BinaryIO, position: int) -> int:
    """Number of the line that holds a byte."""
    stream.seek(0)
    line = 1
    while position > 0 and (chunk := stream.read(min(CHUNK, position))):
        line += chunk.count(b"\n")
        position -= len(chunk)
    return line


def _has(byte: bytes, path: Path) -> bool:
    with path.open("rb") as stream:
        return any(byte in chunk for chunk in iter(lambda: stream.read(CHUNK), b""))


def _first_line(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding) as stream:
        return stream.readline().lstrip("﻿").rstrip("\r\n")


def _read_with_header(request: Request, target: Path, encoding: str) -> ReadResult:
    separator, line, header = _find_header(request, encoding)
    layout = headers.match_columns(request.source, header, request.aliases)
    names = _unique_names(header)
    chosen = {name: names[index] for name, index in layout.positions.items()}
    quoted = request.source.reading.get("guillemets", True) and _has(b'"', request.path)
    body = Body(encoding, separator, names, skip=line, quoted=quoted)
    rows = _convert(request, request.path, target, body, chosen, first_line=line + 1)
    return ReadResult(rows, _told(encoding, request.path), layout.unexpected, separator=separator)


def _told(encoding: str, path: Path) -> str:
    """The encoding as the manifest keeps it: a byte order mark is part of what was received."""
    with path.open("rb") as stream:
        marked = stream.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    return "utf-8-sig" if marked else encoding


def _find_header(request: Request, encoding: str) -> tuple[str, int, list[str]]:
    best: tuple[int, int, list[str], list[str]] | None = None
    for number, text in enumerate(_head(request.path, encoding), start=1):
        for separator in SEPARATORS:
            cells = [cell.strip().strip('"') for cell in text.split(separator)]
            layout = headers.match_columns(request.source, cells, request.aliases)
            missing = headers.missing_columns(request.source, layout, request.absent)
            if not missing:
                return separator, number, cells
            if best is None or len(layout.positions) > best[0]:
                best = (len(layout.positions), number, missing, cells)
    if best is None:
        raise headers.refuse_header(request.name, "ligne 1", kept_columns(request.source), [])
    raise headers.refuse_header(request.name, f"ligne {best[1]}", best[2], best[3])


def _head(path: Path, encoding: str) -> Iterator[str]:
    with path.open(encoding=encoding) as stream:
        for _ in range(HEADER_SEARCH_LINES):
            if not (line := stream.readline(HEADER_LINE_CHARACTERS)):
                return
            if "\0" in line:
                raise UnicodeError(encoding)
            yield line.lstrip("﻿").rstrip("\r\n")


def _unique_names(header: list[str]) -> list[str]:
    """A trailing separator makes nameless columns: the parser wants distinct names."""
    return [f"{index}:{cell}" for index, cell in enumerate(header)]


def _read_sections(request: Request, target: Path, encoding: str, sections: dict) -> ReadResult:
    marker = tuple(_first_line(request.path, encoding).split(";"))
    body = target.with_suffix(".section.csv")
    try:
        counted, others, first = _extract_section(request.path, body, encoding, sections["lignes"])
        _check_announced(request, marker, counted, others)
        fields = sections["champs"]
        chosen = {name: name for name in kept_columns(request.source)}
        layout = Body("utf-8", ";", fields, skip=0, quoted=False)
        rows = _convert(request, body, target, layout, chosen, first_line=first)
    finally:
        body.unlink(missing_ok=True)
    return ReadResult(rows, _told(encoding, request.path), marker=marker, separator=";")


def _extract_section(path: Path, body: Path, encoding: str, prefix: str) -> tuple[int, int, int]:
    """Copy the lines of one section; how many, how many others, and the number of the first one."""
    kept = others = 0
    first = 2
    with path.open(encoding=encoding, newline="") as stream, body.open("w", encoding="utf-8") as out:
        next(stream)
        for number, line in enumerate(stream, start=2):
            if line.startswith(f"{prefix};"):
                first = first if kept else number
                out.write(line.rstrip("\r\n") + "\n")
                kept += 1
            elif line.strip():
                others += 1
    return kept, others, first


def _check_announced(request: Request, marker: tuple[str, ...], counted: int, others: int) -> None:
    announced = marker[2] if len(marker) > 2 else ""
    if announced not in (str(counted), str(counted + others)):
        raise RefusedInput(
            request.name,
            "ligne 1",
            f"{announced or 'un nombre'} lignes, comme la première ligne l'annonce",
            f"{counted} lignes de la section et {others} autres",
            "Le fichier est tronqué ou modifié : le télécharger de nouveau.",
        )


def _convert(
    request: Request,
    path: Path,
    target: Path,
    body: Body,
    chosen: dict[str, str],
    first_line: int,
) -> int:
    """Stream the chosen columns to Parquet, with the line that each row stands on; the rows written."""
    rows = 0
    wanted = list(dict.fromkeys(chosen.values()))

    def finish(batch: pa.Table | pa.RecordBatch) -> pa.Table:
        columns = {name: batch.column(wanted.index(theirs)) for name, theirs in chosen.items()}
        return to_table(request.source, columns, batch.num_rows)

    try:
        with open_table(request.source, target) as writer:
            place = writer.schema.get_field_index(LINE)
            for table in _tables(path, body, wanted, finish):
                numbers = line_numbers(rows + first_line, table.num_rows)
                writer.write_table(table.set_column(place, LINE, numbers))
                rows += table.num_rows
    except _UncuttableRow as row:
        raise _refuse_shape(request, row, rows if body.in_chunks else 0, first_line) from row
    if rows == 0:
        raise RefusedInput(
            request.name,
            f"ligne {first_line}",
            "au moins une ligne de données",
            "un fichier vide sous son entête",
            "Demander au producteur un export complet.",
        )
    return rows


def _tables(path: Path, body: Body, wanted: list[str], finish: Callable) -> Iterator[pa.Table]:
    """The wanted columns, in the file's order, a few thousand rows at a time, each piece finished."""
    with path.open("rb") as stream:
        for _ in range(body.skip):
            stream.readline()
        if not body.in_chunks:
            yield from map(finish, _parse_stream(stream, body, wanted))
            return
        yield from in_order(lambda lines: finish(_parse_lines(lines, body, wanted)), _whole_lines(stream))


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The rest of a file in pieces of whole lines."""
    rest = b""
    while chunk := stream.read(CHUNK):
        piece, line_break, after = chunk.rpartition(b"\n")
        if not line_break:
            rest += chunk
            continue
        yield rest + piece + line_break
        rest = after
    if rest:
        yield rest


def _parse_lines(lines: bytes, body: Body, wanted: list[str]) -> pa.Table:
    _check_encoding(BytesIO(lines), body.encoding)
    text = lines if body.encoding in UTF8 else lines.decode(body.encoding).encode()
    reading = pacsv.ReadOptions(column_names=body.names, block_size=len(text) + 1, use_threads=False)
    with _explained() as invalid:
        parsing, conversion = _options(body, wanted, invalid)
        return pacsv.read_csv(pa.BufferReader(text), reading, parsing, conversion)


def _parse_stream(stream: BinaryIO, body: Body, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    """Where quotes may hold line breaks, the parser itself must find the rows: one thread."""
    start = stream.tell()
    _check_encoding(stream, body.encoding)
    stream.seek(start)
    encoding = "utf-8" if body.encoding in UTF8 else body.encoding
    reading = pacsv.ReadOptions(
        column_names=body.names, encoding=encoding, block_size=CHUNK, use_threads=False
    )
    with _explained() as invalid:
        parsing, conversion = _options(body, wanted, invalid)
        try:
            rows = pacsv.open_csv(stream, reading, parsing, conversion)
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise
        yield from rows


def _options(
    body: Body, wanted: list[str], invalid: list[pacsv.InvalidRow]
) -> tuple[pacsv.ParseOptions, pacsv.ConvertOptions]:
    parsing = pacsv.ParseOptions(
        delimiter=body.separator,
        quote_char='"' if body.quoted else False,
        double_quote=body.quoted,
        newlines_in_values=body.quoted,
        invalid_row_handler=lambda row: invalid.append(row) or "error",
    )
    conversion = pacsv.ConvertOptions(
        check_utf8=False,  # the text was decoded once, strictly, before
        column_types={name: pa.string() for name in wanted},
        include_columns=wanted,
        strings_can_be_null=True,
        null_values=[""],
        quoted_strings_can_be_null=True,
    )
    return parsing, conversion


class _UncuttableRow(Exception):
    """A row that the parser could not cut, or its own message when it names none."""

    def __init__(self, message: str, row: pacsv.InvalidRow | None):
        super().__init__(message)
        self.row = row


@contextmanager
def _explained() -> Iterator[list[pacsv.InvalidRow]]:
    """The list that the parser's handler fills; its error then carries the first row of it."""
    invalid: list[pacsv.InvalidRow] = []
    try:
        yield invalid
    except pa.ArrowInvalid as error:
        raise _UncuttableRow(str(error), invalid[0] if invalid else None) from error


def _refuse_shape(request: Request, error: _UncuttableRow, before: int, first_line: int) -> RefusedInput:
    if error.row is None:
        return RefusedInput(
            request.name, "corps du fichier", "un texte délimité", str(error)[:200], "Vérifier le fichier."
        )
    return RefusedInput(
        request.name,
        f"ligne {first_line - 1 + before + error.row.number}",
        f"{error.row.expected_columns} champs",
        f"{error.row.actual_columns} champs",
        "La ligne est coupée ou contient un séparateur de trop : télécharger le fichier de nouveau, "
        "ou signaler la ligne au producteur.",
    )
