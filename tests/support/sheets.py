"""What a factsheet's PDF says, and what its figures must be, told by other means than the package's."""

import re
from pathlib import Path

import duckdb
import pypdf

HEADER = "Face à la France Rang"
LEGEND = "Lire un chiffre."
# The figures of the long table, not the texts that the sheet copies.
PUBLISHED = """
    select
        fiche.libelle_indicateur,
        fiche.statut,
        catalogue.decimales,
        catalogue.unite,
        series.valeur,
        series.date_reference,
        comparaisons.valeur_region,
        comparaisons.valeur_france,
        comparaisons.mediane_semblables,
        fiche.valeur_texte
    from marts.fiche_departement as fiche
    inner join marts.catalogue_indicateurs as catalogue
        on catalogue.code_indicateur = fiche.code_indicateur
    inner join marts.indicateurs_trimestriels as series
        on series.code_indicateur = fiche.code_indicateur
        and series.niveau = 'departement'
        and series.code_territoire = fiche.code_departement
        and series.trimestre = fiche.trimestre
    left join marts.comparaisons as comparaisons
        on comparaisons.code_indicateur = fiche.code_indicateur
        and comparaisons.niveau = 'departement'
        and comparaisons.code_territoire = fiche.code_departement
        and comparaisons.trimestre = fiche.trimestre
    where fiche.code_departement = $code and fiche.code_indicateur in (select unnest($shown))
    order by list_position($shown, fiche.code_indicateur)
"""


def pages(path: Path) -> list[str]:
    """The text of each page, every kind of space made one space."""
    return [plain(page.extract_text()) for page in pypdf.PdfReader(path).pages]


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def published(database: Path, code: str, shown: list[str]) -> list[dict]:
    """The key figures of a département as the tables hold them, in the order of the sheet."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(PUBLISHED, {"code": code, "shown": shown}).to_arrow_table().to_pylist()


def lines(page: str, labels: list[str]) -> dict[str, str]:
    """Label → what the first page prints between it and the next label."""
    table = page[page.index(HEADER) : page.index(LEGEND)]
    starts = []
    for label in labels:
        starts.append(table.index(f" {plain(label)} ", starts[-1] if starts else 0))
    ends = [*starts[1:], len(table)]
    return {
        label: table[start + len(label) + 2 : end]
        for label, start, end in zip(labels, starts, ends, strict=True)
    }


def written(value: float | None, row: dict) -> str:
    """« 1 577 », « 5,2 % »; a dash where there is nothing."""
    if value is None:
        return "–"
    number = f"{value:,.{row['decimales']}f}".replace(",", " ").replace(".", ",").replace("-", "−")
    return number + (" %" if row["unite"] == "%" else "")


def assert_says(path: Path, database: Path, code: str, shown: list[str]) -> int:
    """Each key figure, its date and its comparisons are those of the tables; returns how many were read."""
    rows = published(database, code, shown)
    told = lines(pages(path)[0], [row["libelle_indicateur"] for row in rows])
    for row in rows:
        line = told[row["libelle_indicateur"]]
        if row["valeur"] is None:
            assert plain(row["valeur_texte"]) in line, (code, row["libelle_indicateur"])
        else:
            figure = f"{written(row['valeur'], row)} {row['date_reference']:%d/%m/%Y}"
            assert re.search(rf"(?<![\d,] )(?<![\d,]){re.escape(figure)}", line), (code, figure, line)
        compared = [
            re.escape(written(row[name], row))
            for name in ("valeur_region", "valeur_france", "mediane_semblables")
        ]
        date = r"( \d\d/\d\d/\d{4})?"
        assert re.search(rf" {compared[0]}{date} {compared[1]}{date} {compared[2]} ", line), (code, line)
    return len(rows)
