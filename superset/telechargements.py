"""What a reader takes away from the pages: files of the served version, a département's figures, its sheet.

Loaded by ``superset_config.py``. Who may see the dashboards may take these, all of them made of the published
tables only; others are sent to the login page.
"""

import csv
import io
import re
from collections.abc import Callable
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pandas as pd
from flask import Flask, Response, abort, redirect, request, send_from_directory

CODE = re.compile(r"\d[0-9AB]|97\d")
# Read from the version's Parquet: Superset has the database file open with settings of its own.
# A French spreadsheet opens it as it is: signature, semicolons, decimal commas.
COLUMNS = {
    "code_departement": "t.code_territoire",
    "departement": "t.libelle_territoire",
    "code_indicateur": "t.code_indicateur",
    "indicateur": "t.libelle_indicateur",
    "trimestre": "t.trimestre",
    "valeur": "replace(t.valeur::varchar, '.', ',')",
    "unite": "t.unite",
    "statut": "t.libelle_statut",
    "motif": "t.libelle_motif",
    "donnees_au": "strftime(t.date_reference, '%d/%m/%Y')",
    "evolution": "replace(t.evolution::varchar, '.', ',')",
    "source": "t.libelle_source",
    "edition": "t.edition",
    "nature": "t.donnees",
}
FIGURES = f"""
    select {", ".join(COLUMNS.values())}
    from read_parquet(?) as t
    where t.niveau = 'departement' and t.code_territoire = ?
    order by t.code_indicateur, t.trimestre
"""


def offer(app: Flask, warehouse: Path, sheets: Path) -> None:
    """Add the addresses ``/donnees/…`` and ``/fiches/<code>.pdf``.

    Args:
        warehouse: the published file, reached through the link of the served version.
        sheets: folder that holds one folder of factsheets per version.
    """

    def files() -> Path:
        return warehouse.parent.resolve() / "fichiers"

    def guarded(answer):
        def view(name: str):
            if not app.appbuilder.sm.can_access("can_dashboard", "Superset"):
                return redirect(f"/login/?next={request.path}")
            return answer(name)

        return view

    def departement(name: str) -> Response:
        if not CODE.fullmatch(name):
            abort(404)
        with duckdb.connect() as connection:
            rows = connection.execute(FIGURES, [str(files() / "tableau_de_bord.parquet"), name]).fetchall()
        if not rows:
            abort(404)
        return Response(
            as_csv(rows),
            mimetype="text/csv",
            headers={"Content-Disposition": f'attachment; filename="acces-aux-soins-{name}.csv"'},
        )

    views = {
        "/donnees/departement/<name>.csv": departement,
        "/donnees/<name>": lambda name: send_from_directory(files(), name, as_attachment=True),
        "/fiches/<name>": lambda name: send_from_directory(sheets / warehouse.parent.resolve().name, name),
    }
    for rule, answer in views.items():
        app.add_url_rule(rule, f"acces_soins{rule}".replace("/", "_"), guarded(answer))


# « 1 234,5 » as the pages write it; a code such as « 01 » is none.
FRENCH_NUMBER = re.compile(r"[+−-]?(0|[1-9]\d*)(,\d+)?")
SPACES = str.maketrans("", "", "\u2007\u202f\u00a0 ")
ABSENT = "–"


class _Words(HTMLParser):
    """What a reader sees of a text of the pages: its words, the blocks apart."""

    BLOCKS = ("div", "br")

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [""]

    def handle_starttag(self, tag: str, _attributes: list) -> None:
        if tag in self.BLOCKS:
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        self.handle_starttag(tag, [])

    def handle_data(self, data: str) -> None:
        self.blocks[-1] += data


def in_words(text: str) -> str:
    """The text without its HTML, on one line."""
    words = _Words()
    words.feed(text)
    words.close()
    return " · ".join(block for block in (" ".join(block.split()) for block in words.blocks) if block)


def for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    """A chart's rows as a file holds them: no HTML, and numbers where a column holds nothing else.

    An absent number is an empty cell: the column of statuses says why.
    """
    clean = frame.copy()
    for position, kind in enumerate(frame.dtypes):
        if not pd.api.types.is_object_dtype(kind):
            continue
        column = frame.iloc[:, position].map(lambda cell: in_words(cell) if isinstance(cell, str) else cell)
        clean.isetitem(position, _as_numbers(column))
    return clean


def _as_numbers(column: pd.Series) -> pd.Series:
    """The column as numbers when each cell is one or absent, with one number at least; else as it is."""
    bare = column.map(lambda cell: cell.translate(SPACES) if isinstance(cell, str) else cell)
    present = bare[bare.notna() & (bare != ABSENT)]
    if present.empty or not all(isinstance(c, str) and FRENCH_NUMBER.fullmatch(c) for c in present):
        return column
    numbers = present.str.replace("−", "-").str.replace(",", ".").astype(float)
    whole = not present.str.contains(",").any()
    return numbers.reindex(column.index).astype("Int64" if whole else "float64")


# What the page said around a tile goes with the tile's rows.
NATURE, PUBLISHED, CAVEAT = "Nature des données", "Publication", "À savoir"
EMPTY_CELLS = "Une cellule vide n'est jamais zéro : la colonne des statuts, s'il y en a une, dit pourquoi."


@lru_cache(maxsize=2)
def _nature(version: Path) -> str:
    """« Données d'essai (fictives) » or « Données réelles », as this version's tables say."""
    with duckdb.connect() as connection:
        rows = f"read_parquet('{version / 'fichiers' / 'tableau_de_bord.parquet'}')"
        return connection.execute(f"select any_value(donnees) from {rows}").fetchone()[0]


def _caveat(form: dict) -> str:
    """What stands under the chart's title, and what holds for all."""
    from superset.models.slice import Slice

    from superset import db

    chart = db.session.get(Slice, form["slice_id"]) if form.get("slice_id") else None
    return " ".join(filter(None, [chart and chart.description, EMPTY_CELLS]))


def clean_exports(warehouse: Path, published: Callable[[], str]) -> None:
    """Make Superset's own exports (CSV, Excel) give what their tile says, without HTML, and of what data.

    Args:
        warehouse: the published file, reached through the link of the served version.
        published: gives the day of the served version, in words.
    """
    from superset.common.chart_data import ChartDataResultFormat
    from superset.common.query_context_processor import QueryContextProcessor
    from superset.utils import csv as superset_csv

    written, written_as_csv = QueryContextProcessor.get_data, superset_csv.df_to_escaped_csv

    def get_data(self, df, coltypes):
        asked = self._query_context
        if asked.result_format in ChartDataResultFormat.table_like():
            df = for_spreadsheets(df)
            df[NATURE], df[PUBLISHED] = _nature(warehouse.parent.resolve()), published()
            df[CAVEAT] = _caveat(asked.form_data or {})
        data = written(self, df, coltypes)
        # Superset signs the files of a zip itself; a file alone it means to, and does not.
        alone = asked.result_format == ChartDataResultFormat.CSV and len(asked.queries) == 1
        return f"\ufeff{data}" if alone else data

    def as_csv_with_its_nature(df, **options):
        """SQL Lab's: whoever asked in SQL gets their columns, and the mark where the data are fictitious."""
        nature = _nature(warehouse.parent.resolve())
        if NATURE not in df and "essai" in nature:
            df = df.assign(**{NATURE: nature})
        return written_as_csv(df, **options)

    QueryContextProcessor.get_data = get_data
    superset_csv.df_to_escaped_csv = as_csv_with_its_nature


def as_csv(rows: list[tuple]) -> str:
    """The rows under their headings, for a French spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return "\ufeff" + text.getvalue()
