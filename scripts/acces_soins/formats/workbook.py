"""The workbook: the last eight quarters, one sheet for each theme, made to be read and filtered."""

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import duckdb
import xlsxwriter

from acces_soins import french
from acces_soins.formats.about import (
    CAVEATS,
    LICENCE,
    PUBLISHER,
    REASONS,
    SHORT_REASONS,
    STATUSES,
    TRIAL,
    About,
)

FILE = "indicateurs.xlsx"
README, CATALOGUE, SOURCES = "Lisez-moi", "Indicateurs", "Sources"
QUARTERS = 8
THEMES = {
    "accessibilite": "Accessibilité",
    "delais": "Délais",
    "formation": "Formation",
    "mesures": "Mesures",
    "offre": "Offre",
    "parcours": "Parcours",
    "structures": "Structures",
}
LEVELS = {"france": "France", "region": "Région", "departement": "Département"}
SENS = {"hausse": "plus haut", "baisse": "plus bas", "neutre": "sans jugement"}
QUARTER_WIDTH = 25
README_WIDTH, README_LINE = 105, 130  # in digits, in letters: these are narrower
LINE_HEIGHT = 13.5  # points
A3, A4 = 8, 9  # their numbers in a workbook
# Title of a column → its width, in characters; the quarters follow.
LABELS = {
    "Code de l'indicateur": 32,
    "Indicateur": 52,
    "Unité": 24,
    "Sens favorable": 14,
    "Niveau": 13,
    "Code du territoire": 11,
    "Territoire": 26,
}
DESCRIBED = {
    CATALOGUE: (
        "catalogue_indicateurs",
        {
            "code_indicateur": ("Code", 32),
            "theme": ("Thème", 15),
            "libelle": ("Indicateur", 50),
            "definition": ("Définition", 60),
            "formule": ("Formule", 50),
            "unite": ("Unité", 24),
            "sens": ("Sens favorable", 14),
            "cadence": ("Cadence de la source", 16),
            "limites": ("Limites", 60),
            "ne_permet_pas_de_dire": ("Ne permet pas de dire", 60),
            "sources": ("Sources", 50),
        },
    ),
    SOURCES: (
        "catalogue_sources",
        {
            "source": ("Source", 42),
            "producteur": ("Producteur", 30),
            "description": ("Contenu", 70),
            "portail": ("Portail", 36),
            "jeu": ("Jeu ou fichier", 50),
            "licence": ("Licence lue à la réception", 26),
            "perimetre": ("Périmètre reçu", 24),
        },
    ),
}


def write(connection: duckdb.DuckDBPyConnection, folder: Path, about: About) -> Path:
    """Write ``indicateurs.xlsx``. Figures are numbers with their full precision, shown with the decimals
    of the indicator; a figure that is not there is replaced by its status, in words."""
    path = folder / FILE
    with xlsxwriter.Workbook(str(path)) as book:
        # Excel knows no time zone, and the date of making must not change the bytes.
        created = about.published_at.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)
        book.set_properties({
            "title": about.title, "author": PUBLISHER, "created": created, "comments": about.citation,
            "subject": "Licence Ouverte 2.0", "category": TRIAL if about.trial else "",
        })  # fmt: skip
        styles = _Styles(book)
        quarters = _last_quarters(connection)
        _write_readme(book, styles, about, quarters)
        for theme, rows in groupby(_figures(connection), key=lambda row: row[0]):
            _write_theme(book, styles, about, THEMES.get(theme, theme.capitalize()), quarters, rows)
        for sheet, (table, columns) in DESCRIBED.items():
            _write_described(connection, book, styles, sheet, table, columns)
    return path


@dataclass
class _Styles:
    """The formats of the workbook, each made once."""

    book: xlsxwriter.Workbook
    known: dict = field(default_factory=dict)

    def get(self, **properties):
        key = tuple(sorted(properties.items()))
        if key not in self.known:
            self.known[key] = self.book.add_format({"font_name": "Arial", "font_size": 10, **properties})
        return self.known[key]

    @property
    def header(self):
        return self.get(bold=True, bg_color="#0B3C5D", font_color="#FFFFFF", text_wrap=True, valign="top")

    @property
    def banner(self):
        return self.get(bold=True, bg_color="#FFE9E6", font_color="#8D0000")

    @property
    def text(self):
        return self.get(text_wrap=True, valign="top")

    def figure(self, decimals: int, unit: str, status: str):
        """« 1 234,5 % r »: the code is written the American way, and 40C asks for the French signs."""
        suffix = (" %" if unit == "%" else "") + (f" {flag}" if (flag := STATUSES[status].flag) else "")
        shown = (
            "[$-40C]#,##0" + ("." + "0" * decimals if decimals else "") + (f'"{suffix}"' if suffix else "")
        )
        colour = {"font_color": "#555555", "italic": True} if flag else {}
        return self.get(num_format=shown, **colour)

    @property
    def absent(self):
        return self.get(font_color="#666666", bg_color="#EEEEEE", align="right")


def _last_quarters(connection) -> list[str]:
    rows = connection.execute(
        f"select distinct trimestre from marts.tableau_de_bord order by 1 desc limit {QUARTERS}"
    ).fetchall()
    return sorted(quarter for (quarter,) in rows)


def _figures(connection) -> Iterable[tuple]:
    """Theme, then the labels of a line, decimals, and one struct for each of the last quarters."""
    return connection.execute(
        f"""
        with derniers as (
            select distinct trimestre from marts.tableau_de_bord order by 1 desc limit {QUARTERS}
        )

        select
            catalogue.theme,
            chiffres.code_indicateur,
            catalogue.libelle,
            catalogue.unite,
            catalogue.sens,
            chiffres.niveau,
            chiffres.code_territoire,
            chiffres.libelle_territoire,
            catalogue.decimales,
            list(
                struct_pack(valeur := chiffres.valeur, statut := chiffres.statut, motif := chiffres.motif)
                order by chiffres.trimestre
            )
        from marts.tableau_de_bord as chiffres
        inner join marts.catalogue_indicateurs as catalogue using (code_indicateur)
        inner join derniers using (trimestre)
        group by all
        order by
            catalogue.theme, catalogue.libelle, chiffres.code_indicateur,
            min(case chiffres.niveau when 'france' then 1 when 'region' then 2 else 3 end),
            chiffres.code_territoire
        """
    ).fetchall()


def _write_readme(book, styles: _Styles, about: About, quarters: Sequence[str]) -> None:
    sheet = book.add_worksheet(README)
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, README_WIDTH)
    for row, (left, right, style) in enumerate(_readme_lines(styles, about, quarters)):
        # Excel makes room for a second line when it opens the file, LibreOffice does not.
        lines = math.ceil(len(right) / README_LINE) or 1
        sheet.set_row(row, max(LINE_HEIGHT * lines, 1.5 * style.font_size if style else 0))
        sheet.write_string(row, 0, left, style or styles.get(bold=True, valign="top"))
        # A title goes on over the next cell, unless something is there: an empty text is something.
        if right:
            sheet.write_string(row, 1, right, style or styles.text)
    _print_on(sheet, A4)


def _readme_lines(styles: _Styles, about: About, quarters: Sequence[str]) -> Iterator[tuple]:
    title = styles.get(bold=True, font_size=15, font_color="#0B3C5D")
    section = styles.get(bold=True, font_size=12, font_color="#0B3C5D", bottom=1)
    if about.trial:
        yield TRIAL, "", styles.banner
    yield about.title, "", title
    yield "", "", None
    yield "Publié le", french.date(about.published_at), None
    yield "Trimestres", f"du {french.quarter(quarters[0])} au {french.quarter(quarters[-1])}", None
    yield "Séries entières", "Dans les fichiers CSV et Parquet de la même publication.", None
    yield "Citation", about.citation, None
    yield "Licence", f"{LICENCE['title']}, {LICENCE['path']}", None
    yield "Chemin permanent", about.path, None
    for note in about.notes:
        yield "Révision", note, None
    yield "", "", None
    yield "Lire une case", "", section
    for status in STATUSES.values():
        mark = f"le chiffre est suivi de « {status.flag} »" if status.flag else ""
        shown = mark or ("le chiffre seul" if status.code == "observe" else f"« {status.label} »")
        yield status.label, f"{status.meaning} Dans la case : {shown}.", None
    for code, meaning in REASONS.items():
        shown = f"({SHORT_REASONS.get(code, code)})"
        yield shown, f"Motif d'un chiffre absent : {meaning} ({code}).", None
    yield "", "", None
    yield "Avant de conclure", "", section
    for caveat in CAVEATS:
        yield "", caveat, None


def _write_theme(book, styles: _Styles, about: About, name: str, quarters: Sequence[str], rows) -> None:
    sheet = book.add_worksheet(name)
    top = 1 if about.trial else 0
    if about.trial:
        sheet.write_string(0, 0, TRIAL, styles.banner)
    titles = [*LABELS, *quarters]
    for column, title in enumerate(titles):
        sheet.write_string(top, column, title, styles.header)
        sheet.set_column(column, column, LABELS.get(title, QUARTER_WIDTH))
    line = top
    for line, row in enumerate(rows, start=top + 1):
        _write_line(sheet, styles, line, row)
    sheet.freeze_panes(top + 1, 2)
    sheet.autofilter(top, 0, line, len(titles) - 1)
    _print_on(sheet, A3)
    sheet.repeat_rows(top)
    sheet.set_footer(f"&L{about.label}&C{TRIAL if about.trial else PUBLISHER}&R&P / &N")


def _write_line(sheet, styles: _Styles, line: int, row: tuple) -> None:
    _, code, label, unit, sens, level, territory, territory_label, decimals, cells = row
    labels = (code, label, unit, SENS[sens], LEVELS[level], territory, territory_label)
    plain = styles.get()
    for column, text in enumerate(labels):
        sheet.write_string(line, column, text, plain)
    for column, cell in enumerate(cells, start=len(labels)):
        if cell["valeur"] is None:
            sheet.write_string(line, column, absence(cell["statut"], cell["motif"]), styles.absent)
        else:
            style = styles.figure(decimals, unit, cell["statut"])
            sheet.write_number(line, column, cell["valeur"], style)


def absence(status: str, reason: str | None) -> str:
    """« Masqué (NC) », « Non disponible (non reçu) »: what stands in place of a figure that is not there."""
    return STATUSES[status].label + (f" ({SHORT_REASONS.get(reason, reason)})" if reason else "")


def _write_described(connection, book, styles: _Styles, name: str, table: str, columns: dict) -> None:
    sheet = book.add_worksheet(name)
    rows = connection.execute(f"select {', '.join(columns)} from marts.{table} order by 1").fetchall()
    for column, (title, width) in enumerate(columns.values()):
        sheet.write_string(0, column, title, styles.header)
        sheet.set_column(column, column, width)
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            sheet.write_string(line, column, "" if value is None else str(value), styles.text)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    _print_on(sheet, A3)
    sheet.repeat_rows(0)


def _print_on(sheet, paper: int) -> None:
    """In landscape, every column on one page: in several a figure would stand without its territory."""
    sheet.set_landscape()
    sheet.set_paper(paper)
    sheet.fit_to_pages(1, 0)
