"""Delimited text, with a header found by content or in FINESS's headerless sections."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from acces_soins.errors import RefusedInput
from acces_soins.readers import headers
from acces_soins.readers.model import LINE, SHEET, ReadResult, Request, kept_columns, schema

SEPARATORS = ";,|\t"
HEADER_SEARCH_LINES = 30
CHUNK = 1 << 20


def read(request: Request, target: Path) -> ReadResult:
    """Write the contract's columns of a delimited file to ``target`` (Parquet, all text)."""
    encoding = detect_encoding(request)
    sections = request.source.reading.get("sections")
    if sections and _first_line(request.path, encoding).startswith(f"{sections['marque']};"):
        return _read_sections(request, target, encoding, sections)
    return _read_with_header(request, target, encoding)


def detect_encoding(request: Request) -> str:
    """First encoding of the contract that decodes the whole file.

    Raises RefusedInput with the first line that no allowed encoding can decode.
    """
    allowed = request.source.reading.get("encodages", ["utf-8"])
    failure = None
    for encoding in allowed:
        failure = _first_undecodable(request.path, encoding)
        if failure is None:
            return encoding
    line, byte = failure
    raise RefusedInput(
        request.name,
        f"ligne {line}",
        f"un texte codé en {' ou '.join(allowed)}",
        f"l'octet 0x{byte:02x}, impossible dans ce codage",
        "Demander au producteur un export en UTF-8, ou convertir le fichier avant de le remettre.",
    )


def _first_undecodable(path: Path, encoding: str) -> tuple[int, int] | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            pending = decoder.getstate()[0]
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                whole = pending + chunk
                return lines + whole[: error.start].count(b"\n"), whole[error.start]
            if "\0" in text:
                return lines + text[: text.index("\0")].count("\n"), 0
            lines += text.count("\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return lines, error.object[error.start]
    return None


def _first_line(path: Path, encoding: str) -> str:
    with path.open(encoding=encoding) as stream:
        return stream.readline().lstrip("﻿").rstrip("\r\n")


def _read_with_header(request: Request, target: Path, encoding: str) -> ReadResult:
    separator, line, header = _find_header(request, encoding)
    layout = headers.match_columns(request.source, header, request.aliases)
    names = _unique_names(header)
    chosen = {name: names[index] for name, index in layout.positions.items()}
    rows = _convert(
        request, request.path, target, encoding, separator, names, chosen, skip=line, first_line=line + 1
    )
    return ReadResult(rows, encoding, layout.unexpected)


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
        for _, line in zip(range(HEADER_SEARCH_LINES), stream, strict=False):
            yield line.lstrip("﻿").rstrip("\r\n")


def _unique_names(header: list[str]) -> list[str]:
    """A trailing separator makes nameless columns: the parser wants distinct names."""
    return [f"{index}:{cell}" for index, cell in enumerate(header)]


def _read_sections(request: Request, target: Path, encoding: str, sections: dict) -> ReadResult:
    marker = tuple(_first_line(request.path, encoding).split(";"))
    body = target.with_suffix(".section.csv")
    try:
        counted, others = _extract_section(request.path, body, encoding, sections["lignes"])
        _check_announced(request, marker, counted, others)
        fields = sections["champs"]
        chosen = {name: name for name in kept_columns(request.source)}
        rows = _convert(
            request, body, target, "utf-8", ";", fields, chosen, skip=0, first_line=2, quoting=False
        )
    finally:
        body.unlink(missing_ok=True)
    return ReadResult(rows, encoding, marker=marker)


def _extract_section(path: Path, body: Path, encoding: str, prefix: str) -> tuple[int, int]:
    kept = others = 0
    with path.open(encoding=encoding, newline="") as stream, body.open("w", encoding="utf-8") as out:
        next(stream)
        for line in stream:
            if line.startswith(f"{prefix};"):
                out.write(line.rstrip("\r\n") + "\n")
                kept += 1
            elif line.strip():
                others += 1
    return kept, others


def _check_announced(request: Request, marker: tuple[str, ...], counted: int, others: int) -> None:
    announced = marker[2] if len(marker) > 2 else ""
    if announced not in (str(counted), str(counted + others)):
        raise RefusedInput(
            request.name,
            "ligne 1",
            f"{announced or 'un nombre'} lignes, comme la première ligne l'annonce",
            f"{counted} lignes d'établissements et {others} autres",
            "Le fichier est tronqué ou modifié : le télécharger de nouveau.",
        )


def _convert(
    request: Request,
    path: Path,
    target: Path,
    encoding: str,
    separator: str,
    names: list[str],
    chosen: dict[str, str],
    skip: int,
    first_line: int,
    quoting: bool = True,
) -> int:
    """Stream the chosen columns to Parquet, with the line that each row stands on."""
    # One thread: the parser then knows the number of a row that it cannot cut.
    reading = pacsv.ReadOptions(
        column_names=names, skip_rows=skip, encoding=encoding, block_size=8 * CHUNK, use_threads=False
    )
    invalid: list[pacsv.InvalidRow] = []
    parsing = pacsv.ParseOptions(
        delimiter=separator,
        quote_char='"' if quoting else False,
        double_quote=quoting,
        invalid_row_handler=lambda row: invalid.append(row) or "error",
    )
    wanted = list(dict.fromkeys(chosen.values()))
    conversion = pacsv.ConvertOptions(
        column_types={name: pa.string() for name in names},
        include_columns=wanted,
        strings_can_be_null=True,
        null_values=[""],
        quoted_strings_can_be_null=True,
    )
    out_schema = schema(request.source)
    rows = 0
    try:
        with (
            pacsv.open_csv(path, reading, parsing, conversion) as stream,
            pq.ParquetWriter(target, out_schema, compression="zstd") as writer,
        ):
            for batch in stream:
                columns = {name: batch.column(wanted.index(theirs)) for name, theirs in chosen.items()}
                writer.write_batch(_fill(batch.num_rows, columns, out_schema, rows + first_line))
                rows += batch.num_rows
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise _refuse_shape(request, invalid, str(error), first_line - 1 - skip) from error
    if rows == 0:
        raise RefusedInput(
            request.name,
            f"ligne {first_line}",
            "au moins une ligne de données",
            "un fichier vide sous son entête",
            "Demander au producteur un export complet.",
        )
    return rows


def _fill(count: int, columns: dict[str, pa.Array], out_schema: pa.Schema, first_line: int) -> pa.RecordBatch:
    """A batch with every column of the contract; those that the file lacks are null."""
    arrays = []
    for field in out_schema:
        if field.name == LINE:
            arrays.append(pa.array(range(first_line, first_line + count), pa.int64()))
        elif field.name == SHEET or field.name not in columns:
            arrays.append(pa.nulls(count, pa.string()))
        else:
            arrays.append(columns[field.name])
    return pa.RecordBatch.from_arrays(arrays, schema=out_schema)


def _refuse_shape(
    request: Request, invalid: list[pacsv.InvalidRow], message: str, offset: int
) -> RefusedInput:
    if not invalid:
        return RefusedInput(
            request.name, "corps du fichier", "un texte délimité", message[:200], "Vérifier le fichier."
        )
    row = invalid[0]
    return RefusedInput(
        request.name,
        f"ligne {row.number + offset}",
        f"{row.expected_columns} champs",
        f"{row.actual_columns} champs",
        "La ligne est coupée ou contient un séparateur de trop : télécharger le fichier de nouveau, "
        "ou signaler la ligne au producteur.",
    )
