"""Workbooks (xls, xlsx, Strict OOXML): sheets and header rows are found by content."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from acces_soins.errors import RefusedInput
from acces_soins.readers import headers
from acces_soins.readers.model import LINE, SHEET, ReadResult, Request, open_table, to_table

HEADER_SEARCH_ROWS = 30
BATCH_ROWS = 10_000


def read(request: Request, target: Path) -> ReadResult:
    """Write the contract's columns of every sheet that has its header to ``target`` (Parquet, all text).

    Notes above the header, a units row right below it and footnotes (a lone first cell) are left out.
    Headers that repeat (``effectif_2012 … effectif_2026``) become rows where the contract says so
    (``lecture: depliage``). One sheet at a time is in memory.
    """
    try:
        return _read(request, CalamineWorkbook.from_path(str(request.path)), target)
    # Found at the opening, or only at the sheet that is damaged.
    except CalamineError as error:
        raise RefusedInput(
            request.name,
            "fichier entier",
            "un classeur xls ou xlsx lisible",
            f"un fichier que le lecteur refuse ({error})",
            "Télécharger le fichier de nouveau ; il est peut-être tronqué ou d'un autre format.",
        ) from error


def _read(request: Request, workbook: CalamineWorkbook, target: Path) -> ReadResult:
    rows, read_sheets, unexpected, refusals = 0, [], [], []
    with open_table(request.source, target) as writer:
        for name in _candidate_sheets(request, workbook):
            try:
                count, new = _read_sheet(request, workbook, name, writer)
            except RefusedInput as refusal:
                refusals.append(refusal)
                continue
            rows += count
            read_sheets.append(name)
            unexpected.extend(new)
    _check_read(request, workbook, read_sheets, refusals)
    return ReadResult(rows, "classeur", tuple(dict.fromkeys(unexpected)), tuple(read_sheets))


def _read_sheet(
    request: Request, workbook: CalamineWorkbook, name: str, writer: pq.ParquetWriter
) -> tuple[int, tuple[str, ...]]:
    """Rows written and unexpected headers; the sheet leaves the memory on return."""
    sheet, rows = workbook.get_sheet_by_name(name), 0
    line, layout = _find_header(request, sheet)
    for batch in _batches(request, sheet, name, line, layout):
        writer.write_table(batch)
        rows += batch.num_rows
    return rows, layout.unexpected


def _candidate_sheets(request: Request, workbook: CalamineWorkbook) -> list[str]:
    pattern = request.source.reading.get("feuilles")
    return [name for name in workbook.sheet_names if not pattern or re.search(pattern, name.strip())]


def _check_read(
    request: Request, workbook: CalamineWorkbook, read_sheets: Sequence[str], refusals: list[RefusedInput]
) -> None:
    # With a sheet pattern every matching sheet must be readable; without one, notes sheets are let pass.
    if refusals and (request.source.reading.get("feuilles") or not read_sheets):
        raise refusals[0]
    if not read_sheets:
        raise RefusedInput(
            request.name,
            "liste des feuilles",
            f"une feuille nommée comme « {request.source.reading.get('feuilles')} »",
            ", ".join(workbook.sheet_names) or "aucune feuille",
            "Vérifier que c'est le bon classeur.",
        )


def _find_header(request: Request, sheet: CalamineSheet) -> tuple[int, headers.Layout]:
    """Index of the last header row and the layout; raises RefusedInput with the closest row."""
    depth = request.source.reading.get("lignes_entete", 1)
    head = [[_text(cell) or "" for cell in row] for row in islice(sheet.iter_rows(), HEADER_SEARCH_ROWS)]
    start = sheet.start[0] if sheet.start else 0
    best: tuple[int, int, list[str], list[str]] | None = None
    for index in range(len(head) - depth + 1):
        names = _merge_header(head[index : index + depth])
        layout = headers.match_columns(request.source, names, request.aliases)
        missing = headers.missing_columns(request.source, layout, request.absent)
        if not missing:
            return index + depth - 1, layout
        if best is None or len(layout.positions) > best[0]:
            best = (len(layout.positions), start + index + 1, missing, names)
    number, missing, names = best[1:] if best else (1, [c.name for c in request.source.columns], [])
    raise headers.refuse_header(request.name, f"feuille {sheet.name}, ligne {number}", missing, names)


def _merge_header(rows: list[list[str]]) -> list[str]:
    """Join stacked header rows: a merged cell counts for the blank cells on its right."""
    if len(rows) == 1:
        return rows[0]
    upper, above = [], ""
    for cell in rows[0]:
        above = cell or above
        upper.append(above)
    return [f"{top} {bottom}".strip() for top, bottom in zip(upper, rows[1], strict=True)]


def _batches(
    request: Request, sheet: CalamineSheet, name: str, header_index: int, layout: headers.Layout
) -> Iterator[pa.Table]:
    lines = _data_lines(sheet, header_index, sorted({*layout.positions.values(), *layout.repeated.values()}))
    while chunk := list(islice(lines, BATCH_ROWS)):
        columns = {column: _column(chunk, index) for column, index in layout.positions.items()}
        columns[LINE] = pa.array([number for number, _ in chunk], pa.int64())
        columns[SHEET] = pa.repeat(name, len(chunk))
        yield from _unfold(request, chunk, columns, layout)


def _column(chunk: list[tuple[int, list[str | None]]], index: int) -> pa.Array:
    return pa.array([row[index] for _, row in chunk], pa.string())


def _unfold(
    request: Request,
    chunk: list[tuple[int, list[str | None]]],
    columns: dict[str, pa.Array],
    layout: headers.Layout,
) -> Iterator[pa.Table]:
    """The rows of a chunk: as they are, or once for each repeated header with its key and its value."""
    if not layout.repeated:
        yield to_table(request.source, columns, len(chunk))
        return
    key, value = headers.unfolded_columns(request.source)
    for said, index in layout.repeated.items():
        unfolded = {key: pa.repeat(said, len(chunk)), value: _column(chunk, index)}
        yield to_table(request.source, columns | unfolded, len(chunk))


def _data_lines(
    sheet: CalamineSheet, header_index: int, positions: Sequence[int]
) -> Iterator[tuple[int, list[str | None]]]:
    """The rows of data as text, with their number in the sheet as a person sees it.

    ``positions`` are the contract's columns: a row with none of them filled is a stray cell, no data.
    """
    start = sheet.start[0] if sheet.start else 0
    for index, row in enumerate(sheet.iter_rows()):
        if index <= header_index:
            continue
        cells = [_text(cell) for cell in row]
        filled = [i for i, cell in enumerate(cells) if cell is not None]
        if filled == [0] or not any(cells[position] is not None for position in positions):
            continue
        if index == header_index + 1 and cells[0] is None:
            continue
        yield start + index + 1, cells


def _text(cell) -> str | None:
    """A cell as text: whole numbers without a decimal point, dates in ISO, blanks as nothing."""
    if isinstance(cell, str):
        return cell.replace("\xa0", " ").strip() or None
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.date | dt.datetime | dt.time):
        return cell.isoformat()
    return None if cell is None else str(cell)
