"""Factsheets of a whole night on the trial portals: every figure is the published one, on two pages."""

import pytest

import factsheet_marts
import sheets
from acces_soins import factsheets
from acces_soins.factsheets import data, selection, writing
from acces_soins.formats.about import TRIAL

SOME = ["01", "2A", "2B", "75", "974", "976"]


@pytest.fixture
def database(first_night_directory):
    return first_night_directory / "essai" / "publication" / "courante" / "entrepot.duckdb"


def assert_sound(database, folder, code):
    path = folder / f"fiche-{code}.pdf"
    pages = sheets.pages(path)
    assert len(pages) == writing.PAGES, code
    assert all(TRIAL in page for page in pages), code
    assert sheets.assert_says(path, database, code, list(selection.CODES)) == len(selection.CODES)
    assert sum(data.PHRASES[row] in pages[0] for row in selection.CODES) <= 3


@pytest.mark.night
def test_figures_of_some_departements(database, tmp_path):
    factsheets.write(database, tmp_path, factsheet_marts.ABOUT, SOME)
    for code in SOME:
        assert_sound(database, tmp_path, code)
    mayotte = " ".join(sheets.pages(tmp_path / "fiche-976.pdf"))
    assert "Non communiqué par le producteur" in mayotte and "Hors champ" in mayotte


@pytest.mark.long
@pytest.mark.night
def test_every_departement_has_two_sound_pages(database, tmp_path):
    files = factsheets.write(database, tmp_path, factsheet_marts.ABOUT)
    codes = [path.stem.removeprefix("fiche-") for path in files if path.suffix == ".pdf"]
    assert len(codes) == 101
    for code in codes:
        assert_sound(database, tmp_path, code)
    again = tmp_path / "encore"
    factsheets.write(database, again, factsheet_marts.ABOUT)
    for path in files:
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name
