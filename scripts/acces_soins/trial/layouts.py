"""Writers of the real layouts, and ``extract``: the file that a portal shows on a given day."""

import csv
import datetime as dt
import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import xlsxwriter

from acces_soins.catalog import Source, get_source
from acces_soins.readers.model import SHEET
from acces_soins.readers.nested import STEP
from acces_soins.trial import rows as trial_rows
from acces_soins.trial.contract_rows import WORD
from acces_soins.trial.periods import is_stock, last_period, uploaded_at
from acces_soins.trial.rows import Row, days, options

BOM = "\ufeff"
POPULATION_TITLE = "Estimation de population au 1er janvier, par département, sexe et {ages}"


class Dialect(NamedTuple):
    """How the flat files of a kind of portal are written."""

    delimiter: str
    mark: str
    line_end: str


DIALECTS = {
    "opendatasoft": Dialect(";", BOM, "\r\n"),
    "fichier": Dialect(",", "", "\r\n"),
    "datagouv": Dialect(";", "", "\n"),
    "depot": Dialect(";", BOM, "\r\n"),
}


@dataclass(frozen=True)
class Extract:
    """A fictitious file: its bytes, the edition it speaks of, when the producer uploaded it (UTC)."""

    filename: str
    bytes: bytes
    edition: str
    modified: dt.datetime
    rows: int


def extract(source: Source, as_of: dt.date) -> Extract:
    """The file that the portal of a source shows on the day ``as_of``.

    The bytes depend on the source and its last published period only, so they do not change between
    two nights of the same period. Raises ConfigurationError for a source that sources.yml ignores.
    """
    return _extract_of_period(source.id, last_period(source, as_of))


# Every source at four dates (160 MB at most): a replica that goes on through nights computes none anew.
@lru_cache(maxsize=256)
def _extract_of_period(source_id: str, period: dt.date) -> Extract:
    source = get_source(source_id)
    content, count = _writer(source)(source, period)
    modified = uploaded_at(source, period)
    content = _packed(source, content, modified)
    return Extract(_filename(source, period), content, _edition(source, period), modified, count)


def _writer(source: Source) -> Callable[[Source, dt.date], tuple[bytes, int]]:
    if source.format == "melodi":
        return write_melodi
    if source.format == "classeur":
        return write_population if options(source)["lignes"] == "population" else write_workbook
    if source.format == "json":
        return write_json
    return write_sections if "sections" in source.reading else write_csv


def _packed(source: Source, content: bytes, modified: dt.datetime) -> bytes:
    """The file as the portal gives it: in a zip, in a gzip, or as it is; the same bytes every time."""
    if "membre" in source.reading:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            member = zipfile.ZipInfo(options(source)["membre"], modified.timetuple()[:6])
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
        return stream.getvalue()
    if source.reading.get("compression") == "gzip":
        return gzip.compress(content, mtime=int(modified.timestamp()))
    return content


def _filename(source: Source, period: dt.date) -> str:
    if "chemin" in source.meta:
        return source.meta["chemin"].rpartition("/")[2]
    if source.protocol == "melodi":
        return f"{source.dataset}.json"
    if source.protocol == "datagouv":
        # The catalogue's pattern of names, its variable part being the time of the stock.
        name = source.meta["piece"].strip("^$").replace("\\.", ".")
        return re.sub(r"\.\*", f"{period:%Y%m%d}-0339", name)
    return options(source).get("fichier", f"{source.dataset or source.table}.csv")


def _edition(source: Source, period: dt.date) -> str:
    if source.meta["edition"].get("date_producteur"):
        return uploaded_at(source, period).date().isoformat()
    by_day = is_stock(source) or source.cadence != "annuelle"
    return period.isoformat() if by_day else str(period.year)


# Flat files


def write_csv(source: Source, period: dt.date) -> tuple[bytes, int]:
    """A file with a header, in the order and with the names of the contract."""
    wanted = options(source)
    dialect = DIALECTS[source.protocol]._replace(**wanted.get("dialecte", {}))
    stream = io.StringIO()
    stream.write(dialect.mark)
    stream.writelines(line + dialect.line_end for line in wanted.get("preambule", []))
    writer = csv.writer(stream, delimiter=dialect.delimiter, lineterminator=dialect.line_end)
    writer.writerow([header_of_vintage(source, column.name, period.year) for column in source.columns])
    names = [column.name for column in source.columns]
    lines = [[row.get(name, "") for name in names] for row in trial_rows.rows(source, period)]
    writer.writerows(lines)
    return stream.getvalue().encode(), len(lines)


def write_sections(source: Source, period: dt.date) -> tuple[bytes, int]:
    """FINESS as it was until 2026: a first line of its own, no header, fields in order, no quoting.

    The lines of another source may stand before (``precede_par``): the count of the first line has both.
    """
    before = options(source).get("precede_par")
    lines = list(_section(source, period))
    others = list(_section(get_source(before), period)) if before else []
    head = f"{source.reading['sections']['marque']};etalab;{len(others) + len(lines)};{period.isoformat()}"
    return ("\n".join([head, *others, *lines]) + "\n").encode(), len(lines)


def _section(source: Source, period: dt.date) -> Iterator[str]:
    for row in trial_rows.rows(source, period):
        yield ";".join(str(row.get(name, "")) for name in source.reading["sections"]["champs"])


# JSON


def write_json(source: Source, period: dt.date) -> tuple[bytes, int]:
    """One giant object: records nested as the contract's paths say; what is empty is left out."""
    first, *inner = source.reading["enregistrements"].split(".")
    elements: list[dict] = []
    known: dict[tuple, dict] = {}
    count = 0
    for row in trial_rows.rows(source, period):
        records = [{} for _ in range(len(inner) + 1)]
        for column in source.columns:
            level = len(inner) - column.header.count("../")
            if (value := row.get(column.name)) not in (None, ""):
                _put(records[level], column.header.replace("../", ""), value)
        place, siblings = (), elements
        for name, record in zip([*inner, None], records, strict=True):
            place = (*place, json.dumps(record, sort_keys=True))
            if place not in known:
                known[place] = record
                siblings.append(record)
            siblings = known[place].setdefault(name, []) if name else []
        count += 1
    told = {"schemaVersion": "v1.0.0", "generatedAt": f"{period.isoformat()}T02:14:23Z", first: elements}
    return json.dumps(told, ensure_ascii=False).encode(), count


def _put(record: dict, path: str, value: object) -> None:
    """Write a value at the end of a path, with the objects and the lists on the way."""
    *way, last = path.split(".")
    for part in way:
        name, key, wanted = STEP.fullmatch(part).groups()
        if "[" in part:
            items = record.setdefault(name, [{key: wanted} if key else {}])
            record = items[0]
        else:
            record = record.setdefault(name, {})
    record[last] = value


def write_melodi(source: Source, period: dt.date) -> tuple[bytes, int]:
    """One answer of the Melodi API with every observation, one a line; the replica cuts it into pages."""
    names = [source.column(name).header for name in options(source)["attributs"]]
    measure = source.column(options(source)["mesure"]).header
    observations = []
    for row in trial_rows.rows(source, period):
        cells = {source.column(name).header: value for name, value in row.items()}
        attributes = {header: cells.pop(header) for header in names}
        measures = {measure: {"value": cells.pop(measure)}}
        observation = {"dimensions": cells, "attributes": attributes, "measures": measures}
        observations.append(json.dumps(observation))
    head = {"identifier": source.dataset, "title": {"fr": f"{source.description} Données d'essai."}}
    text = json.dumps(head, ensure_ascii=False)[:-1] + ', "observations": [\n' + ",\n".join(observations)
    return f"{text}\n]}}\n".encode(), len(observations)


# Workbooks


def _workbook(stream: io.BytesIO, source: Source, period: dt.date) -> xlsxwriter.Workbook:
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    # Without a fixed date the same rows would give other bytes.
    created = uploaded_at(source, period).replace(tzinfo=None)
    book.set_properties({"created": created, "comments": "Données d'essai"})
    return book


def write_population(source: Source, period: dt.date) -> tuple[bytes, int]:
    """INSEE's population estimates: a sheet of remarks, then one sheet a year, the latest first."""
    stream, count = io.BytesIO(), 0
    title = POPULATION_TITLE.format(ages=options(source)["ages"])
    with _workbook(stream, source, period) as book:
        merged = book.add_format({"align": "center", "bold": True})
        remarks = book.add_worksheet("À savoir")
        remarks.write_column(0, 0, [
            "Quelques remarques", "", f"{title} ", "Source : données d'essai (fictives)",
            f"Données actualisées au {uploaded_at(source, period):%d/%m/%Y}",
        ])  # fmt: skip
        for day in reversed(days(source, period)):
            table = list(trial_rows.rows(source, day))
            _population_sheet(book.add_worksheet(str(day.year)), merged, title, day.year, table)
            count += len(table)
    return stream.getvalue(), count


def _population_sheet(sheet, merged, title: str, year: int, table: list[Row]) -> None:
    ages = [*table[0]["ages"], "Total"]
    sheet.merge_range(0, 0, 0, 6, title)
    sheet.write(1, 0, f"Année {year}")
    sheet.merge_range(3, 0, 3, 1, "Départements", merged)
    for rank, group in enumerate(("Ensemble", "Hommes", "Femmes")):
        first = 2 + rank * len(ages)
        sheet.merge_range(3, first, 3, first + len(ages) - 1, group, merged)
        sheet.write_row(4, first, ages)
    # In this workbook Corsica keeps the place of its former number, 20.
    mainland = sorted(
        (row for row in table if len(row["code"]) == 2),
        key=lambda row: row["code"].replace("2A", "20").replace("2B", "20"),
    )
    overseas = [row for row in table if len(row["code"]) == 3]
    line = 5
    for rows, label in (
        (mainland, "France métropolitaine "),
        (overseas, "DOM"),
    ):
        for row in rows:
            # Overseas codes are numbers in the real workbook, the others text.
            code = int(row["code"]) if row in overseas else row["code"]
            sheet.write_row(line, 0, [code, row["libelle"], *row["blocs"]])
            line += 1
        line = _population_total(sheet, merged, line, label, rows)
    line = _population_total(sheet, merged, line, "France métropolitaine et DOM", table)
    sheet.write(line + 1, 0, "Source : données d'essai (fictives), dans la présentation de l'Insee.")


def _population_total(sheet, merged, line: int, label: str, rows: list[Row]) -> int:
    sheet.merge_range(line, 0, line, 1, label, merged)
    sheet.write_row(line, 2, [sum(column) for column in zip(*(row["blocs"] for row in rows), strict=True)])
    return line + 1


def write_workbook(source: Source, period: dt.date) -> tuple[bytes, int]:
    """A workbook: one sheet a vintage, or the sheets that the rows name."""
    wanted, stream, count = options(source), io.BytesIO(), 0
    with _workbook(stream, source, period) as book:
        for year in range(period.year - wanted["millesimes"] + 1, period.year + 1):
            words = {"annee": year, "population": year - 2}
            table = list(trial_rows.rows(source, dt.date(year, 12, 31)))
            sheets: dict[str, list[Row]] = {}
            for row in table:
                sheets.setdefault(row.get(SHEET) or wanted["feuille"].format(**words), []).append(row)
            for name, found in sheets.items():
                _write_sheet(book.add_worksheet(name), source, found, words)
            count += len(table)
    return stream.getvalue(), count


def _write_sheet(sheet, source: Source, table: list[Row], words: dict) -> None:
    """Title and notes, header, units if any, rows, footers."""
    wanted = options(source)
    left = wanted.get("premiere_colonne", 0)
    above = [text.format(**words) for text in wanted.get("titre", [])]
    below = [text.format(**words) for text in wanted.get("pied", [])]
    sheet.write_column(0, left, above)
    titles, lines = _wide(source, table)
    words = words | {"mot": table[0].get(WORD)}
    for column, (name, said) in enumerate(titles, start=left):
        title = header_of_vintage(source, name, words["annee"])
        sheet.write(len(above), column, title.format(cle=said, **words))
        if "unites" in wanted:
            sheet.write(len(above) + 1, column, wanted["unites"].get(name, ""))
    start = len(above) + (2 if "unites" in wanted else 1)
    for number, line in enumerate(lines, start=start):
        sheet.write_row(number, left, line)
    sheet.write_column(start + len(lines) + 1, left, below)


def _wide(source: Source, table: list[Row]) -> tuple[list[tuple[str, str]], list[list]]:
    """Columns (name, what a repeated header says) and cells; rows fold where the contract unfolds them.

    A folded line ends where its key comes again: the key is the last dimension of ``par``.
    """
    if "depliage" not in source.reading:
        names = [column.name for column in source.columns]
        return [(name, "") for name in names], [[row[name] for name in names] for row in table]
    key, value = source.reading["depliage"]["cle"], source.reading["depliage"]["valeur"]
    names = [column.name for column in source.columns if column.name not in (key, value)]
    said = list(dict.fromkeys(row[key] for row in table))
    lines = [table[first : first + len(said)] for first in range(0, len(table), len(said))]
    cells = [[*(line[0][name] for name in names), *(row[value] for row in line)] for line in lines]
    return [*((name, "") for name in names), *((value, each) for each in said)], cells


def header_of_vintage(source: Source, column: str, year: int) -> str:
    """Header that a vintage gives to a column: the last wording that is not later than the year."""
    wordings = options(source).get("entetes", {}).get(column)
    if wordings is None:
        return source.column(column).header
    return wordings[max(first for first in wordings if first <= year)]
