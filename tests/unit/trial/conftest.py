"""Readers of the trial extracts, independent of the project's own: a layout is checked, not assumed."""

import csv
import io
import json
import re
import unicodedata

import pytest
from python_calamine import CalamineWorkbook

from acces_soins.trial.layouts import DIALECTS
from acces_soins.trial.rows import options


def _plain(text):
    bare = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode()
    return " ".join(bare.lower().split())


def _text(cell):
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _column_of(source, header):
    for column in source.columns:
        if column.header.startswith("^"):
            if re.search(column.header, _plain(header)):
                return column.name
        elif _plain(column.header) == _plain(header):
            return column.name
    return None


def _two_line_header(top, bottom):
    """« Départements », « Départements 2 », « Ensemble 0 à 19 ans »… from the merged header."""
    names, group, rank = [], "", 0
    for first, second in zip(top, bottom, strict=True):
        group, rank = (first, 1) if first else (group, rank + 1)
        names.append(f"{group} {second}" if second else group if rank == 1 else f"{group} {rank}")
    return names


def _sheet_rows(source, rows, first):
    depth = source.reading["lignes_entete"]
    head = rows[first - 1 : first - 1 + depth]
    names = [_column_of(source, h) for h in (head[0] if depth == 1 else _two_line_header(*head))]
    left = next(index for index, name in enumerate(names) if name)
    body = []
    for row in rows[first - 1 + depth :]:
        cells = [_text(cell) for cell in row]
        if body and not any(cells):
            break
        if cells[left]:  # the line of units has no code
            body.append({name: cell for name, cell in zip(names, cells, strict=True) if name})
    return body


def _observation(source, one):
    values = {name: str(measure["value"]) for name, measure in one["measures"].items()}
    return {_column_of(source, k): v for k, v in (one["dimensions"] | one["attributes"] | values).items()}


def read_extract(source, extract, header_row=None):
    """Rows of an extract as dicts by contract column; workbooks add ``_feuille``."""
    if source.format == "classeur":
        book = CalamineWorkbook.from_filelike(io.BytesIO(extract.bytes))
        pattern = source.reading.get("feuilles", ".")
        found = []
        for name in (n for n in book.sheet_names if re.search(pattern, n)):
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            title = 3 if source.reading["lignes_entete"] == 2 else len(options(source).get("titre", []))
            first = header_row or title + 1
            found += [{"_feuille": name, **row} for row in _sheet_rows(source, rows, first)]
        return found
    if source.format == "melodi":
        return [_observation(source, one) for one in json.loads(extract.bytes)["observations"]]
    text = extract.bytes.decode("utf-8-sig")
    if "sections" in source.reading:
        lines = text.splitlines()[1:]
        return [
            dict(zip(source.reading["sections"]["champs"], line.split(";"), strict=True)) for line in lines
        ]
    wanted = options(source)
    dialect = DIALECTS[source.protocol]._replace(**wanted.get("dialecte", {}))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    for _ in wanted.get("preambule", []):
        next(rows)
    header = [_column_of(source, name) for name in next(rows)]
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture(scope="session")
def read():
    return read_extract
