"""The PDFs themselves: two pages, the figures of the tables, the trial mark, the same bytes twice."""

import csv
import dataclasses
import datetime as dt
import hashlib
import io
import zipfile

import duckdb
import pypdf
import pytest

import factsheet_marts
import sheets
from acces_soins import factsheets
from acces_soins.errors import ConfigurationError
from acces_soins.factsheets import selection, writing
from acces_soins.formats.about import STATUSES, TRIAL

# Corsica, Paris, an overseas département, one that the producer masks, one whose file has not come.
CODES = ["01", "2A", "2B", "75", "93", "974", "976"]
SHOWN = [
    code for code in selection.CODES if code in [i[0] for i in factsheet_marts.published_marts.INDICATORS]
]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return factsheet_marts.build(tmp_path_factory.mktemp("publication") / "entrepot.duckdb")


@pytest.fixture(scope="module")
def folder(database, tmp_path_factory):
    target = tmp_path_factory.mktemp("fiches")
    factsheets.write(database, target, factsheet_marts.ABOUT, CODES)
    return target


@pytest.fixture
def fake_pages(monkeypatch):
    """Sheets without the typesetting: what is around them is what is tested."""
    monkeypatch.setattr(writing, "compiler", lambda: lambda sheet: f"%PDF {sheet['code']}".encode())


@pytest.mark.parametrize("code", CODES)
def test_figures_are_those_of_the_tables(folder, database, code):
    assert sheets.assert_says(folder / f"fiche-{code}.pdf", database, code, SHOWN) == len(SHOWN)


def test_a_region_of_one_departement_is_told(folder):
    told = "d'un seul département"
    assert {code for code in CODES if told in sheets.pages(folder / f"fiche-{code}.pdf")[0]} == {"974", "976"}


@pytest.mark.parametrize("code", CODES)
def test_two_pages_each_marked_as_trial(folder, code):
    pages = sheets.pages(folder / f"fiche-{code}.pdf")
    assert len(pages) == writing.PAGES
    assert all(TRIAL in page for page in pages)


def test_real_figures_bear_no_mark(database, tmp_path):
    real = dataclasses.replace(factsheet_marts.ABOUT, trial=False)
    factsheets.write(database, tmp_path / "essai", real, ["01"])
    marked = sheets.pages(tmp_path / "essai" / "fiche-01.pdf")
    assert all(TRIAL in page for page in marked), "fictitious figures cannot pass for real ones"
    copy = tmp_path / "entrepot.duckdb"
    copy.write_bytes(database.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update marts.fiche_departement set donnees = 'direct'")
    factsheets.write(copy, tmp_path, real, ["01"])
    document = pypdf.PdfReader(tmp_path / "fiche-01.pdf")
    assert "ESSAI" not in "".join(page.extract_text() for page in document.pages)
    assert "ESSAI" not in document.metadata.title


def test_a_masked_cell_says_so_and_is_never_zero(folder):
    line = sheets.lines(
        sheets.pages(folder / "fiche-976.pdf")[0], ["Part des patients en ALD sans médecin traitant"]
    )["Part des patients en ALD sans médecin traitant"]
    assert "Non communiqué par le producteur" in line
    assert " 0 " not in line[: line.index("Non communiqué")]


def test_a_departement_without_figures_still_has_a_sound_sheet(database, tmp_path):
    copy = tmp_path / "entrepot.duckdb"
    copy.write_bytes(database.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "update marts.fiche_departement set valeur = null, valeur_texte = 'Édition non reçue', "
            "statut = 'non_disponible', date_reference = null, evolution_texte = null, rang = null, "
            "position = null, tendance = null, source = null where code_departement = '23'"
        )
        connection.execute("delete from marts.dispersion_apl where code_territoire = '23'")
        connection.execute(
            "delete from marts.indicateurs_trimestriels "
            "where niveau = 'departement' and code_territoire = '23'"
        )
    factsheets.write(copy, tmp_path / "fiches", factsheet_marts.ABOUT, ["23"])
    first, second = sheets.pages(tmp_path / "fiches" / "fiche-23.pdf")
    assert first.count("Édition non reçue") == len(SHOWN)
    # No sentence where nothing can be said.
    assert "Le département est" not in first
    assert "Aucun point n'a été observé depuis le 1er juillet 2025" in second
    assert "ne publie pas l'accessibilité" in second


def test_the_same_publication_gives_the_same_bytes(folder, database, tmp_path):
    factsheets.write(database, tmp_path, factsheet_marts.ABOUT, CODES)
    for code in CODES:
        name = f"fiche-{code}.pdf"
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), code


def test_pages_can_be_heard(folder):
    document = pypdf.PdfReader(folder / "fiche-01.pdf")
    root = document.trailer["/Root"]
    assert root["/Lang"].startswith("fr") and root["/MarkInfo"]["/Marked"]
    declared = root["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1" in declared and "<pdfaid:part>2" in declared
    assert document.metadata.creation_date.date() == factsheet_marts.ABOUT.published_at.date()
    assert document.metadata.title.startswith("Accès aux soins : Ain (01), 4e trimestre 2025")
    figures = _elements(root["/StructTreeRoot"], "/Figure")
    shown = [code for code in selection.CHARTS if code in SHOWN]
    assert len(figures) == len(shown) + 1
    assert all(len(figure["/Alt"]) > 40 for figure in figures)
    assert "12,8" in figures[-1]["/Alt"], "the spread is told in words"


def _elements(node, kind: str) -> list:
    node = node.get_object()
    if isinstance(node, list):
        return [found for child in node for found in _elements(child, kind)]
    if not isinstance(node, dict):
        return []
    here = [node] if node.get("/S") == kind else []
    return here + (_elements(node["/K"], kind) if "/K" in node else [])


def test_fonts_are_inside(folder):
    for page in pypdf.PdfReader(folder / "fiche-01.pdf").pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font["/DescendantFonts"][0]["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & inner.keys()


def test_index_and_archives_hold_every_sheet(fake_pages, database, tmp_path):
    files = factsheets.write(database, tmp_path, factsheet_marts.ABOUT)
    with (tmp_path / writing.INDEX).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    archives = sorted(path.name for path in files if path.suffix == ".zip")
    assert len(rows) == 101 and len(archives) == 18 and len(files) == 101 + 18 + 1
    found = {}
    for archive in archives:
        with zipfile.ZipFile(tmp_path / archive) as stream:
            assert {entry.date_time for entry in stream.infolist()} == {(2026, 2, 2, 8, 30, 0)}
            found |= {name: (archive, stream.read(name)) for name in stream.namelist()}
            notice = stream.read(writing.NOTICE).decode()
            assert (
                TRIAL in notice and "Licence Ouverte 2.0" in notice and factsheet_marts.ABOUT.path in notice
            )
            assert all(status.meaning in notice for status in STATUSES.values())
    for row in rows:
        archive, content = found[row["fichier"]]
        assert archive == row["archive"] and row["donnees"] == "essai"
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert (tmp_path / row["fichier"]).read_bytes() == content
    before = (tmp_path / archives[0]).read_bytes()
    factsheets.write(database, tmp_path, factsheet_marts.ABOUT)
    assert (tmp_path / archives[0]).read_bytes() == before


def test_some_departements_only(fake_pages, database, tmp_path):
    files = factsheets.write(database, tmp_path / "nouveau", factsheet_marts.ABOUT, ["2B", "976"])
    assert [path.name for path in files] == ["fiche-2B.pdf", "fiche-976.pdf", "index.csv"]
    assert {row["archive"] for row in csv.DictReader(io.StringIO(files[-1].read_text()))} == {""}


@pytest.mark.parametrize("code", ["20", "1", "975", "FR"])
def test_an_unknown_departement_is_one_sentence(database, tmp_path, code):
    with pytest.raises(ConfigurationError, match=rf"« {code} » : attendu le code Insee d'un département"):
        factsheets.write(database, tmp_path, factsheet_marts.ABOUT, [code])


def test_nothing_published_is_one_sentence():
    with pytest.raises(ConfigurationError, match="rien n'est encore publié"):
        factsheets.write_served()


def test_revisions_and_first_publication(database, folder, tmp_path):
    first = dataclasses.replace(factsheet_marts.ABOUT, parent=None)
    factsheets.write(database, tmp_path / "premiere", first, ["28"])
    assert "Première publication" in sheets.pages(tmp_path / "premiere" / "fiche-28.pdf")[1]
    factsheets.write(database, tmp_path / "suite", factsheet_marts.ABOUT, ["28"])
    assert "Une valeur déjà publiée a été révisée" in sheets.pages(tmp_path / "suite" / "fiche-28.pdf")[1]
    assert "Aucune valeur déjà publiée" in sheets.pages(folder / "fiche-01.pdf")[1]


def test_a_late_source_shows(folder):
    second = sheets.pages(folder / "fiche-01.pdf")[1]
    assert "31/03/2099" in second and "en retard" not in second


def test_a_publication_of_a_later_day_finds_the_source_late(database, tmp_path):
    late = dataclasses.replace(
        factsheet_marts.ABOUT, published_at=dt.datetime(2099, 4, 1, tzinfo=dt.UTC), trial=False
    )
    factsheets.write(database, tmp_path, late, ["01"])
    assert "31/03/2099 (en retard)" in sheets.pages(tmp_path / "fiche-01.pdf")[1]
