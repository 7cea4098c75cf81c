"""The dictionary: what each indicator, source and column is, in one page that needs nothing else."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from acces_soins.formats import rendering
from acces_soins.formats.about import About
from acces_soins.formats.tables import Table
from acces_soins.formats.workbook import SENS, THEMES
from acces_soins.query import records

FILE = "dictionnaire.html"


def write(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], folder: Path, about: About) -> Path:
    """Write ``dictionnaire.html`` from the catalogues and the comments of the columns."""
    indicators = records(
        connection, "from marts.catalogue_indicateurs order by theme, libelle, code_indicateur"
    )
    for indicator in indicators:
        indicator["sources"] = [s for s in (indicator["sources"] or "").split(", ") if s]
    return rendering.render(
        "dictionnaire.html.j2",
        folder / FILE,
        about=about,
        indicators=indicators,
        sources=records(connection, "from marts.catalogue_sources order by source"),
        tables=tables,
        themes=THEMES,
        sens=SENS,
    )
