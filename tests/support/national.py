"""Files of national size: trial extracts repeated, one field telling the copies apart; never in git."""

import csv
import datetime as dt
import gzip
import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import duckdb

from acces_soins.catalog import Source, get_source
from acces_soins.sql_text import literal
from acces_soins.trial.layouts import DIALECTS, extract
from acces_soins.trial.rows import options

AS_OF = dt.date(2026, 11, 22)
# What the observatory does not read weighs more than what it reads, as in the real file.
IGNORED = [
    {
        "evenementId": f"{rank}", "dateEnregistrement": "2025-10-21 19:37:03", "dateEvenement": "2009-06-10",
        "etatObjet1": "010", "identifiantObjet1": "0", "systemeMaitre": "01", "typeObjet1": "AC",
        "codeEvenement": "010",
    }
    for rank in range(12)
]  # fmt: skip


def as_read(source: Source) -> Source:
    """The contract of the file inside the archive: what is measured is reading, not unpacking."""
    reading = {k: v for k, v in source.reading.items() if k not in ("membre", "compression")}
    return replace(source, meta=source.meta | {"lecture": reading})


def write_csv(source_id: str, column: str, rows: int, folder: Path) -> Path:
    """``rows`` rows: the trial's, copied; the copy's number ends ``column``, so that keys stay apart."""
    source = get_source(source_id)
    dialect = DIALECTS[source.protocol]._replace(**options(source).get("dialecte", {}))
    header, *lines = csv.reader(io.StringIO(_text(source), newline=""), delimiter=dialect.delimiter)
    position = header.index(source.column(column).header)
    end = dialect.line_end.removeprefix(dialect.delimiter)
    halves = [
        (
            dialect.delimiter.join(cells[: position + 1]),
            dialect.delimiter.join(["", *cells[position + 1 :]]) + end,
        )
        for cells in lines
    ]
    path = folder / f"{source.table}-{rows}.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(dialect.mark + dialect.delimiter.join(header) + end)
        for copy in range(-(-rows // len(lines))):
            left = rows - copy * len(lines)
            out.write("".join([f"{before}{copy}{after}" for before, after in halves[:left]]))
    return path


def grow(table: Path, column: str, rows: int) -> None:
    """Repeat the rows of a landed table up to ``rows``; a number after ``column`` tells the copies apart."""
    grown = table.with_suffix(".grand")
    with duckdb.connect(config={"threads": 2}) as connection:
        total = connection.execute("select count(*) from read_parquet($1)", [str(table)]).fetchone()[0]
        connection.execute(
            f"""copy (
                select * replace ("{column}" || case n when 0 then '' else n::varchar end as "{column}",
                                  _ligne + n * {total} as _ligne)
                from range({-(-rows // total)}) as copies(n) cross join read_parquet({literal(table)})
                order by n, _ligne limit {max(rows, total)}
            ) to {literal(grown)} (format parquet)"""
        )
    table.unlink()
    grown.rename(table)


def write_json(source_id: str, field: str, size: int, folder: Path, as_array: bool) -> Path:
    """At least ``size`` bytes: one array, or one giant object; ``field`` begins with the copy's number."""
    told = json.loads(_text(get_source(source_id)))
    for element in told["pmej"]:
        for site in element["ege"]:
            for activity in site["activitesExercees"]:
                activity["evenement"] = IGNORED
    body = json.dumps(told["pmej"], ensure_ascii=False)[1:-1]
    mark = f'"{field}": "'
    path = folder / f"{'liste' if as_array else 'objet'}-{size}.json"
    with path.open("w", encoding="utf-8") as out:
        out.write("[" if as_array else '{"schemaVersion": "v1.0.0", "pmej": [')
        for copy in range(-(-size // len(body))):
            out.write((", " if copy else "") + body.replace(mark, f"{mark}{copy}-"))
        out.write("]" if as_array else '], "generatedAt": "essai"}')
    return path


def duckdb_schema(source: Source, in_object: bool = False) -> str:
    """The fields that the contract reads, as ``columns`` of read_json; of the list or of its object."""
    tree: dict = {}
    inner = source.reading["enregistrements"].split(".")[1:]
    for column in source.columns:
        names = inner[: len(inner) - column.header.count("../")]
        node = tree
        for part in [f"{name}[]" for name in names] + column.header.replace("../", "").split("."):
            node = node.setdefault(re.sub(r"\[.+\]", "[]", part), {})
    if in_object:
        tree = {f"{source.reading['enregistrements'].split('.')[0]}[]": tree}
    fields = ", ".join(f"{name.removesuffix('[]')}: '{_kind(name, node)}'" for name, node in tree.items())
    return "{" + fields + "}"


def _kind(name: str, node: dict) -> str:
    inside = ", ".join(f"{key.removesuffix('[]')} {_kind(key, child)}" for key, child in node.items())
    return (f"struct({inside})" if node else "varchar") + ("[]" if name.endswith("[]") else "")


def _text(source: Source) -> str:
    content = extract(source, AS_OF).bytes
    if "membre" in source.reading:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(archive.namelist()[0])
    elif source.reading.get("compression") == "gzip":
        content = gzip.decompress(content)
    return content.decode("utf-8-sig")
