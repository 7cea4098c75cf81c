"""Workbooks: sheets and headers found by content, units, notes and footers left out."""

import datetime as dt
import zipfile
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import xlsxwriter

from acces_soins.catalog import Column
from acces_soins.errors import RefusedInput
from acces_soins.readers import Request, headers, read

HEADER = [
    "Code commune INSEE", "Commune", "APL aux médecins généralistes",
    "APL aux médecins généralistes de 65 ans et moins ", "APL aux médecins généralistes de 62 ans et moins",
    "Population standardisée 2021 pour la médecine générale", "Population totale 2021",
]  # fmt: skip
UNITS = ["", "", "consultations", "consultations", "consultations", "habitants", "habitants"]
ROW = ["01001", "Commune d'essai", 2.5, 2.076, 1.0, 520.000000004, 779]


@pytest.fixture
def read_sheets(tmp_path, source):
    def run(sheets, source_id="drees.apl_medecins_generalistes", **declared):
        path = tmp_path / "essai.xlsx"
        with xlsxwriter.Workbook(path) as book:
            for name, rows in sheets.items():
                sheet = book.add_worksheet(name)
                for index, row in enumerate(rows):
                    sheet.write_row(index, 0, row)
        target = tmp_path / "table.parquet"
        contract = source(source_id) if isinstance(source_id, str) else source_id
        result = read(Request(contract, path, "essai.xlsx", **declared), target)
        return result, pq.read_table(target).to_pylist()

    return run


def test_notes_units_and_footers_are_not_rows(read_sheets):
    result, rows = read_sheets(
        {
            "Lisez-moi": [["Un texte"]],
            "APL 2023": [["Titre"], ["Notes"], HEADER, UNITS, ROW, [], ["Lecture : …"], ["Source : …"]],
        }
    )
    assert result.sheets == ("APL 2023",)
    assert [row["code_commune"] for row in rows] == ["01001"]
    assert rows[0]["_ligne"] == 5 and rows[0]["_feuille"] == "APL 2023"


def test_numbers_are_written_without_loss(read_sheets):
    _, rows = read_sheets({"APL 2023": [HEADER, ROW]})
    assert rows[0]["apl"] == "2.5"
    assert rows[0]["population_totale"] == "779"
    assert float(rows[0]["population_standardisee"]) == 520.000000004


def test_every_vintage_of_a_workbook_is_read(read_sheets):
    older = [cell.replace("et moins ", "ou moins") for cell in HEADER]
    result, rows = read_sheets({"APL 2022": [older, ROW], "APL 2023": [["x"], HEADER, UNITS, ROW]})
    assert result.sheets == ("APL 2022", "APL 2023")
    assert len(rows) == 2


def test_a_changed_header_row_is_refused_with_the_sheet(read_sheets):
    changed = [*HEADER[:2], "Indice", *HEADER[3:]]
    with pytest.raises(RefusedInput, match=r"feuille APL 2023, ligne 2 .*« APL aux médecins généralistes »"):
        read_sheets({"APL 2023": [["Titre"], changed, ROW]})


def test_merged_stacked_headers_are_joined(read_sheets):
    ages = ["0 à 19 ans", "20 à 39 ans", "40 à 59 ans", "60 à 74 ans", "75 ans et plus", "Total"]
    top = ["Départements", "", "Ensemble", *[""] * 5, "Hommes", *[""] * 5, "Femmes", *[""] * 5]
    body = ["01", "Ain", *([1, 2, 3, 4, 5, 30000] + [1] * 5 + [15000] + [1] * 5 + [15000])]
    total = ["France métropolitaine ", "", *[1] * 18]
    _, rows = read_sheets(
        {
            "À savoir": [["x"]],
            "2024": [
                ["Estimation"],
                ["Année 2024"],
                [],
                top,
                ["", "", *ages * 3],
                body,
                total,
                [971, "Guadeloupe", *body[2:]],
                [],
                ["Source : Insee"],
            ],
        },
        "insee.estimation_population_gca",
    )
    assert [row["code"] for row in rows] == ["01", "France métropolitaine", "971"]
    assert rows[0]["ensemble_total"] == "30000" and rows[0]["femmes_total"] == "15000"


def test_a_year_whose_header_changed_is_refused(read_sheets):
    with pytest.raises(RefusedInput, match="feuille 2024"):
        read_sheets({"2024": [["Départements", "Population"], ["01", 3]]}, "insee.estimation_population_gca")


def test_a_workbook_without_the_expected_sheet_is_refused(read_sheets):
    with pytest.raises(RefusedInput, match="liste des feuilles"):
        read_sheets({"Graphique": [["x"]]}, "insee.estimation_population_gca")


def test_a_truncated_workbook_is_refused(tmp_path, source):
    path = tmp_path / "apl.xlsx"
    path.write_bytes(b"PK\x03\x04 coupe")
    with pytest.raises(RefusedInput, match="un classeur xls ou xlsx lisible"):
        read(Request(source("drees.apl_medecins_generalistes"), path, "apl.xlsx"), tmp_path / "t.parquet")


def test_a_sheet_damaged_inside_a_whole_package_is_refused(read_sheets, tmp_path, source):
    read_sheets({"APL 2023": [HEADER, ROW]})
    path = tmp_path / "essai.xlsx"
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as package:
        sheet = package.getinfo("xl/worksheets/sheet1.xml")
    start = sheet.header_offset + 30 + len(sheet.filename)
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)
    with pytest.raises(RefusedInput, match="un classeur xls ou xlsx lisible"):
        read(Request(source("drees.apl_medecins_generalistes"), path, "essai.xlsx"), tmp_path / "t.parquet")


def test_headers_compare_without_accents_case_or_odd_blanks():
    assert headers.normalise("  Libellé\u00a0de l’APL ") == "libelle de l'apl"


def test_dates_are_iso(read_sheets):
    from acces_soins.readers import workbook

    assert workbook._text(dt.date(2024, 1, 31)) == "2024-01-31"
    assert workbook._text(" \u00a0 ") is None


def test_a_table_that_starts_at_b6_and_a_stray_cell_outside_it(read_sheets):
    title = [[None, "Titre"], [], ["", "Champ"], ["", "Source"], []]
    header = [None, *HEADER, "BB"]
    stray = [None] * 8 + ["BB"]
    _, rows = read_sheets({"APL 2023": [*title, header, [None, *ROW], [], stray, [None, "Source : …"]]})
    assert [(row["code_commune"], row["apl"], row["_ligne"]) for row in rows] == [("01001", "2.5", 7)]


@pytest.fixture
def unfolding(source):
    """The contract of a wide workbook: one column a year, of which rows are made."""
    columns = [
        Column("territoire", "Territoire.", "territoire"),
        Column("annee", "Année.", "annee", pattern=r"^\d{4}$", mandatory=True),
        Column("effectif", "Effectif.", "effectif", pattern=r"^\d+$", sentinels=("ND",)),
    ]
    meta = {
        "format": "classeur",
        "cle": ["territoire", "annee"],
        "lecture": {"depliage": {"motif": r"^effectif_(\d{4})$", "cle": "annee", "valeur": "effectif"}},
    }
    return replace(source("drees.apl_medecins_generalistes"), columns=tuple(columns), meta=meta)


def test_columns_that_repeat_become_rows(read_sheets, unfolding):
    header = ["territoire", "effectif_2025", "Effectif_2026", "note"]
    result, rows = read_sheets({"Effectifs": [header, ["01-Ain", 12, "ND"]]}, unfolding)
    assert (result.rows, result.unexpected) == (2, ("note",))
    assert [(r["territoire"], r["annee"], r["effectif"], r["_ligne"]) for r in rows] == [
        ("01-Ain", "2025", "12", 2),
        ("01-Ain", "2026", "ND", 2),
    ]


def test_a_wide_workbook_without_any_year_is_refused(read_sheets, unfolding):
    with pytest.raises(RefusedInput, match=r"la colonne « \^effectif_"):
        read_sheets({"Effectifs": [["territoire", "densite_2026"], ["01-Ain", 12]]}, unfolding)


@pytest.mark.parametrize(
    ("source_id", "apl", "standardised"),
    [
        (
            "drees.apl_infirmiers",
            "APL aux infirmières",
            "Population standardisée 2022 pour les soins infirmiers",
        ),
        ("drees.apl_infirmiers", "APL 2021 aux infirmiers", "Population standardisée par tranche d'âge"),
        ("drees.apl_kinesitherapeutes", "APL aux masseurs-kinésithérapeutes", "Population standardisée 2022"),
        ("drees.apl_chirurgiens_dentistes", "APL aux chirurgiens-dentistes", "Population standardisée 2022"),
    ],
)
def test_the_header_of_each_profession_is_found_among_age_limits(read_sheets, source_id, apl, standardised):
    header = [
        "Code commune INSEE",
        "Commune",
        f"{apl} de 62 ans ou moins",
        apl,
        standardised,
        "Population totale 2022",
    ]
    row = ["2A004", "Commune d'essai", 1.0, 150.5, 500.25, 510]
    _, rows = read_sheets({"APL 2024": [["Titre"], header, ["", "", "ETP", "ETP"], row]}, source_id)
    assert [(r["code_commune"], r["apl"], r["population_standardisee"]) for r in rows] == [
        ("2A004", "150.5", "500.25")
    ]


def test_the_demography_of_physicians_keeps_its_three_sheets_and_unfolds_their_years(read_sheets):
    head = ["territoire", "region", "departement", "specialites_agregees", "specialites", "exercice"]
    row = ["3-Départements", "01-Guadeloupe", "971 -Guadeloupe", "00-Ensemble", "00-Ensemble", "0-Ensemble"]
    sheets = {
        "Lisez-moi": [["Un texte"]],
        "Effectifs": [
            [*head, "tranche_age", "sexe", "effectif_2025", "effectif_2026"],
            [*row, "00-Ensemble", "1-Hommes", "ND", 12],
        ],
        "Densités": [[*head, "densite_2026"], [*row, 310.5]],
        "Effectifs par spécialités": [[*head, "effectif_2026"], [*row, 99]],
    }
    result, rows = read_sheets(sheets, "drees.rpps_medecins")
    assert result.sheets == ("Effectifs", "Densités")
    assert [(r["_feuille"], r["sexe"], r["annee"], r["valeur"]) for r in rows] == [
        ("Effectifs", "1-Hommes", "2025", "ND"),
        ("Effectifs", "1-Hommes", "2026", "12"),
        ("Densités", None, "2026", "310.5"),
    ]
