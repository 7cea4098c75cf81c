"""Reading and checking a file against the floor of its kind, in one run; reported, never judged."""

import resource
import statistics
import time

import duckdb
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from acces_soins import readers

ROWS = 500_000
RUNS = 3


def median_of(function) -> float:
    durations = []
    for _ in range(RUNS):
        start = time.perf_counter()
        function()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations)


def report(label: str, ours: float, floor: float, named: str) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = f"{ours / floor:.1f} × {named} ({floor:.2f} s)"
    print(f"\n{label} : {ours:.2f} s, {ratio} ; mémoire au plus {memory:.0f} Mo")


@pytest.fixture
def demography(tmp_path, source):
    """A demography of the national layout; ages make its rows distinct."""
    contract = source("ameli.demographie_effectifs_densites")
    path = tmp_path / "demographie.csv"
    names = [column.name for column in contract.columns]
    with path.open("w", encoding="utf-8-sig") as out:
        out.write(";".join(names) + "\n")
        for row in range(ROWS):
            out.write(f"2024;Chirurgiens;84;ARA;38;Isère;age_{row};Âge;tout sexe;{row};9.0;oui;oui;oui\n")
    return contract, path


def test_delimited_reader(demography, tmp_path):
    contract, path = demography
    request = readers.Request(contract, path, path.name)

    def floor():
        duckdb.execute(
            f"copy (from read_csv('{path}', all_varchar = true, delim = ';')) to '{tmp_path}/floor.parquet'"
        )

    ours = median_of(lambda: readers.read(request, tmp_path / "table.parquet"))
    report(f"CSV de {ROWS} lignes, lu et contrôlé", ours, median_of(floor), "une copie DuckDB sans contrôle")


def test_workbook_reader(tmp_path, source):
    contract = source("drees.apl_medecins_generalistes")
    path = tmp_path / "apl.xlsx"
    header = [
        "Code commune INSEE", "Commune", "APL aux médecins généralistes",
        "APL aux médecins généralistes de 65 ans et moins",
        "APL aux médecins généralistes de 62 ans et moins",
        "Population standardisée 2021", "Population totale 2021",
    ]  # fmt: skip
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("APL 2023")
        sheet.write_row(0, 0, header)
        for row in range(35_000):
            sheet.write_row(row + 1, 0, [f"{row:05d}", "Commune d'essai", 2.5, 2.4, 2.3, 100.25, 99])
    request = readers.Request(contract, path, path.name)
    ours = median_of(lambda: readers.read(request, tmp_path / "table.parquet"))
    floor = median_of(lambda: CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python())
    report("classeur de 35 000 communes, lu et contrôlé", ours, floor, "l'ouverture seule par calamine")
