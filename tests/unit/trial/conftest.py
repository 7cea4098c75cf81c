"""Readers of the trial extracts, independent of the project's own: a layout is checked, not assumed."""

import csv
import gzip
import io
import json
import re
import unicodedata
import zipfile

import pytest
from python_calamine import CalamineWorkbook

from acces_soins.trial.layouts import DIALECTS
from acces_soins.trial.rows import options


class Said(str):
    """What a repeated header says: its column becomes rows."""


def _unfolded(source, row):
    if "depliage" not in source.reading:
        return [row]
    key, value = source.reading["depliage"]["cle"], source.reading["depliage"]["valeur"]
    kept = {name: cell for name, cell in row.items() if not isinstance(name, Said)}
    return [kept | {key: str(name), value: cell} for name, cell in row.items() if isinstance(name, Said)]


def _plain(text):
    bare = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode()
    return " ".join(bare.lower().split())


def _text(cell):
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _column_of(source, header):
    if (unfolding := source.reading.get("depliage")) and (
        said := re.match(unfolding["motif"], _plain(header))
    ):
        return Said(said.group(1))
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
    for number, row in enumerate(rows[first - 1 + depth :], start=first + depth):
        cells = [_text(cell) for cell in row]
        if body and not any(cells):
            break
        if cells[left]:  # the line of units has no code
            line = {name: cell for name, cell in zip(names, cells, strict=True) if name}
            body += [{"_ligne": number, **each} for each in _unfolded(source, line)]
    return body


def _unpacked(source, content):
    if "membre" in source.reading:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (name,) = [n for n in archive.namelist() if re.search(source.reading["membre"], n)]
            return archive.read(name)
    return gzip.decompress(content) if source.reading.get("compression") == "gzip" else content


def _observation(source, one):
    values = {name: str(measure["value"]) for name, measure in one["measures"].items()}
    return {_column_of(source, k): v for k, v in (one["dimensions"] | one["attributes"] | values).items()}


def _json_rows(source, told):
    """The records of a giant object; a path is walked from the innermost object, ``../`` from one above."""

    def walk(around, names):
        if not names:
            yield around
            return
        for item in around[-1].get(names[0], []):
            yield from walk([*around, item], names[1:])

    def value(around, header):
        found = around[-1 - header.count("../")]
        for part in header.replace("../", "").split("."):
            name, _, condition = part.rstrip("]").partition("[")
            found = (found or {}).get(name)
            if condition and found:
                key, _, wanted = condition.partition("=")
                found = next((item for item in found if not wanted or item[key] == wanted), None)
        return "" if found is None else str(found)

    for around in walk([told], source.reading["enregistrements"].split(".")):
        yield {column.name: value(around, column.header) for column in source.columns}


def read_extract(source, extract, header_row=None):
    """Rows of an extract as dicts by contract column; workbooks add ``_feuille`` and ``_ligne``."""
    content = _unpacked(source, extract.bytes)
    if source.format == "classeur":
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        pattern = source.reading.get("feuilles", ".")
        found = []
        for name in (n for n in book.sheet_names if re.search(pattern, n)):
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            title = 3 if source.reading["lignes_entete"] == 2 else len(options(source).get("titre", []))
            first = header_row or title + 1
            found += [{"_feuille": name, **row} for row in _sheet_rows(source, rows, first)]
        return found
    if source.format == "melodi":
        return [_observation(source, one) for one in json.loads(content)["observations"]]
    text = content.decode("utf-8-sig")
    if source.format == "json":
        return list(_json_rows(source, json.loads(text)))
    if "sections" in source.reading:
        prefix = source.reading["sections"]["lignes"] + ";"
        lines = [line for line in text.splitlines()[1:] if line.startswith(prefix)]
        return [
            dict(zip(source.reading["sections"]["champs"], line.split(";"), strict=True)) for line in lines
        ]
    wanted = options(source)
    dialect = DIALECTS[source.protocol]._replace(**wanted.get("dialecte", {}))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter)
    for _ in wanted.get("preambule", []):
        next(rows)
    header = [_column_of(source, name) for name in next(rows)]
    return [{"_ligne": n, **dict(zip(header, row, strict=True))} for n, row in enumerate(rows, start=2)]


@pytest.fixture(scope="session")
def read():
    return read_extract


@pytest.fixture
def unpack():
    """What is inside a file that a contract says to be packed."""
    return _unpacked
