"""Which lines of a landed file speak of a published figure, and the cells that hold it."""

import csv
import datetime as dt
from functools import lru_cache

import duckdb

from acces_soins.catalog import Source
from acces_soins.landing import Manifest
from acces_soins.settings import PROJECT
from acces_soins.sql_text import literal

TERRITORIES = PROJECT / "dbt_project" / "seeds" / "ref_territoires.csv"
FIRST_CELLS = 5
PUBLIC = ("libre", "libre_selon_le_producteur", "masque_par_le_producteur")
# Smaller numbers are found anywhere by chance.
TELLING = 100

# How a file says which département a row is of: the first of these columns that it has decides. A commune's
# code comes first: DREES and FINESS write overseas départements 9A to 9F beside it.
COMMUNE = "case when {0} like '97%' then left({0}, 3) else left({0}, 2) end"
DEPARTMENT = {
    "code_commune": COMMUNE,
    "codgeo": COMMUNE,
    "nofinesset": "case when {0} like '970%' then '97' || substr({0}, 4, 1) when {0} like '98%' then '976' "
    "else left({0}, 2) end",
    "departement": "regexp_replace(regexp_extract({0}, '^[0-9AB]+'), '^0(..)$', '\\1')",
    "dept": "{0}",
    "dep": "{0}",
    "code_departement": "{0}",
    "enforce_zone_id": "case when {0} like 'D%' then substr({0}, 2) end",
    "code_territoire": "{0}",
    "code": "{0}",
}
REGION = {
    "region": "regexp_extract({0}, '^[0-9]+')",
    "enforce_zone_id": "case when {0} like 'R%' then substr({0}, 2) end",
    "code_territoire": "{0}",
}
COUNTRY = {
    "region": "'99', '00-Ensemble'",
    "enforce_zone_id": "'FRANCE'",
    "code_territoire": "'FR'",
}
# What stands in a département's column on the row of a whole région.
WHOLE = "'999', '000-Ensemble'"
# Columns that date a row, and how much of the figure's day they hold.
DATES = {"date": 10, "date_situation": 10, "date_reference": 10, "metric_enforce_date": 7, "annee": 4}
SHEET_YEAR = "regexp_extract(coalesce(_feuille, ''), '(\\d{4})\\s*$', 1)"


def describe(source: Source, manifest: Manifest, figure: dict) -> str:
    """The lines of the figure's own file that speak of its territory at its date, and the cells that hold it.

    ``figure`` is a row of ``indicateurs_trimestriels``. Of a figure that our confidentiality covers the lines
    are told, and no cell; of a deposit under that rule no other cell than those of the published figure.
    """
    day = figure["date_reference"]
    with duckdb.connect() as connection:
        names = _select(connection, source, manifest, figure, day)
        count, where = _where(connection)
        if count == 0:
            _select(connection, source, manifest, figure, day, everywhere=True)
            return f"aucune n'est propre à ce territoire : le chiffre est fait de {_where(connection)[1]}"
        if figure["statut_conf"].startswith("secret"):
            return f"{where} ; contenu couvert par le secret"
        cells = _cells(connection, names, figure, _numbers(figure))
        if not cells and count == 1 and figure["statut_conf"] in PUBLIC:
            cells = _whole_line(connection, names)
    if not cells:
        return f"{where}, comptées ou sommées selon la formule" if count > 1 else where
    return " ; ".join(cells if count == 1 and cells[0].startswith(where) else [where, *cells])


def parts_elsewhere(source: Source, manifest: Manifest, figure: dict) -> str | None:
    """The cells of another file of the formula that hold a part of the figure; None without any.

    That file has dates of its own: its rows are those of the territory, whatever their date.
    """
    wanted = {number for number in _numbers(figure) if abs(number) >= TELLING}
    if not wanted or figure["statut_conf"].startswith("secret"):
        return None
    with duckdb.connect() as connection:
        names = _select(connection, source, manifest, figure, None)
        cells = _cells(connection, names, figure, wanted)
    return " ; ".join(cells) or None


def department_of(column: str, value: str) -> str | None:
    """The département that a cell of one of the ``DEPARTMENT`` columns speaks of."""
    return duckdb.execute(f"select {DEPARTMENT[column].format('$1')}", [value]).fetchone()[0]


@lru_cache(maxsize=1)
def region_of() -> dict[str, str]:
    """Code of the région of each département."""
    with TERRITORIES.open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["niveau"] == "departement"]
    return {row["code_territoire"]: row["code_region"] for row in rows}


def _select(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    manifest: Manifest,
    figure: dict,
    day: dt.date | None,
    everywhere: bool = False,
) -> list[str]:
    """Fill the table ``lignes`` with the territory's rows, of that day; give the columns that may be told."""
    names = [column.name for column in source.columns if not (column.personal or column.pseudonym)]
    conditions = [] if everywhere else [_place(names, figure)]
    if day and (dated := next((name for name in DATES if name in names), None)):
        conditions.append(f"left(\"{dated}\", {DATES[dated]}) = '{day.isoformat()[: DATES[dated]]}'")
    elif day:
        conditions.append(f"{SHEET_YEAR} in ('', '{day.year}')")
    conditions += [
        f"{name} = {literal(figure[name])}" for name in ("code_indicateur", "niveau") if name in names
    ]
    wanted = " and ".join(f"coalesce({condition}, false)" for condition in ["true", *conditions])
    rows = f"read_parquet({literal(manifest.table)})"
    connection.execute(f"create or replace table lignes as from {rows} where {wanted}")
    return names


def _place(names: list[str], figure: dict) -> str:
    """Condition on a row's territory; a région without rows of its own has those of its départements."""
    code, level = figure["code_territoire"], figure["niveau"]
    if level == "france":
        column = next((name for name in COUNTRY if name in names), None)
        return f"{_quoted(column)} in ({COUNTRY[column]})" if column else "false"
    own = REGION if level == "region" else DEPARTMENT
    column = next((name for name in own if name in names), None)
    if column:
        part = next((name for name in ("departement", "dept") if name in names), None)
        whole = f" and {part} in ({WHOLE})" if level == "region" and part else ""
        return f"'{code}' = {own[column].format(_quoted(column))}{whole}"
    column = next((name for name in DEPARTMENT if name in names), None)
    if level == "departement" or column is None:
        return "false"
    departments = ", ".join(f"'{department}'" for department, region in region_of().items() if region == code)
    return f"{DEPARTMENT[column].format(_quoted(column))} in ({departments})"


def _where(connection: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    """How many lines, and where: « ligne 30 », « 12 lignes, de la 1186 à la 1197, feuille « APL 2024 » »."""
    count, first, last, sheets, sheet = connection.execute(
        "select count(*), min(_ligne), max(_ligne), count(distinct _feuille), any_value(_feuille) from lignes"
    ).fetchone()
    if count == 1:
        return count, _line(sheet, first)
    where = f"{count} lignes, de la {first} à la {last}"
    return count, f"{where}, feuille « {sheet.strip()} »" if sheets == 1 else where


def _line(sheet: str | None, line: int) -> str:
    """« feuille « APL 2024 », ligne 12 »: each sheet of a workbook counts its own lines."""
    return f"feuille « {sheet.strip()} », ligne {line}" if sheet else f"ligne {line}"


def _numbers(figure: dict) -> set[float]:
    return {figure[part] for part in ("valeur", "numerateur", "denominateur")} - {None}


def _cells(
    connection: duckdb.DuckDBPyConnection, names: list[str], figure: dict, wanted: set[float]
) -> list[str]:
    """The first cells that hold one of these numbers, or the sign that masks the figure."""
    sign = figure["motif"] if figure["statut"] == "masque" else None
    cells = []
    for name in names:
        number = f"try_cast(replace({_quoted(name)}, ',', '.') as double)"
        found = connection.execute(
            f"select _feuille, _ligne, {_quoted(name)} from lignes "
            f"where list_contains($1::double[], {number}) or {_quoted(name)} = $2 "
            f"order by _feuille, _ligne limit {FIRST_CELLS}",
            [list(wanted), sign],
        ).fetchall()
        cells += [f"{_line(sheet, line)}, colonne {name} = {cell}" for sheet, line, cell in found]
    return cells[:FIRST_CELLS]


def _whole_line(connection: duckdb.DuckDBPyConnection, names: list[str]) -> list[str]:
    """Every filled cell of the only line: an estimate is made of it, without being in it."""
    columns = ", ".join(map(_quoted, names))
    cells = connection.execute(f"select {columns} from lignes").fetchone()
    return [f"{name} = {cell}" for name, cell in zip(names, cells, strict=True) if cell]


def _quoted(name: str) -> str:
    return f'"{name}"'
