"""Cells against their contract: one sentence that names file, line, column, expected, found, what to do."""

import pytest

from acces_soins.errors import RefusedInput
from acces_soins.readers import Request, read

HEADER = "annee;date;region;libelle_region;departement;libelle_departement;taux_patients_ald_sans_mt"
GOOD = "2025-01-01;2025-06-30;24;Centre-Val de Loire;28;Eure-et-Loir;7.4"


@pytest.fixture
def read_rows(tmp_path, source):
    def run(*rows):
        path = tmp_path / "ald.csv"
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        contract = source("ameli.patients_longueduree_infra_annuelle")
        return read(Request(contract, path, "ald.csv"), tmp_path / "table.parquet")

    return run


def test_a_good_file_is_read(read_rows):
    assert read_rows(GOOD).rows == 1


@pytest.mark.parametrize(
    ("row", "place", "found"),
    [
        (GOOD.replace(";28;", ";20;"), "colonne departement", "« 20 »"),
        (GOOD.replace(";28;", ";1004.0;"), "colonne departement", "« 1004.0 »"),
        (GOOD.replace("7.4", "7,4"), "colonne taux_patients_ald_sans_mt", "« 7,4 »"),
        (GOOD.replace("2025-06-30", "2025-06-29"), "colonne date", "« 2025-06-29 »"),
        (GOOD.replace("2025-01-01", "2025-02-01"), "colonne annee", "« 2025-02-01 »"),
        (GOOD.replace("Eure-et-Loir", ""), "colonne libelle_departement", "cellule vide"),
    ],
)
def test_a_cell_out_of_its_contract_is_refused(read_rows, row, place, found):
    with pytest.raises(RefusedInput) as refusal:
        read_rows(GOOD.replace(";28;", ";45;"), row)
    sentence = str(refusal.value)
    assert sentence.startswith(f"ald.csv, ligne 3, {place} : attendu ")
    assert found in sentence
    assert sentence.endswith(".") and refusal.value.action
    assert "décalé" not in sentence  # one row of two is a wrong cell, not a shifted file


def test_a_departement_counted_twice_is_refused(read_rows):
    with pytest.raises(
        RefusedInput, match=r"ligne 3.*2 lignes pour date = 2025-06-30, region = 24, departement = 28"
    ):
        read_rows(GOOD, GOOD.replace("7.4", "7.5"))


def test_dates_that_grow_from_row_to_row_are_refused(read_rows):
    with pytest.raises(RefusedInput, match=r"ligne 3, colonne date : attendu une seule valeur"):
        read_rows(GOOD, GOOD.replace("2025-06-30", "2025-09-30").replace(";28;", ";45;"))


def test_sentinels_pass_and_stay_as_they_are(read_rows):
    assert read_rows(GOOD, GOOD.replace("7.4", "NC").replace(";28;", ";976;")).rows == 2


def test_a_file_shifted_against_its_header_is_refused(tmp_path, source):
    path = tmp_path / "eml.csv"
    header = "nofinessej;rsej;eml;libeml;noautor;noautorarhgos;noimplarhgos;dateautor;nofinesset;datemeo"
    shifted = "SAS D'ESSAI;05701;Caméra;842610671;84-82-1;84-82-1;2002-06-12;010011112;2005-08-31;"
    path.write_text(f"{header}\n{shifted}\n", encoding="utf-8")
    with pytest.raises(RefusedInput, match=r"ligne 2, colonne nofinessej .*« SAS D'ESSAI ».*décalé"):
        read(Request(source("finess.materiels_lourds"), path, "eml.csv"), tmp_path / "table.parquet")
