"""What a reader takes away: the same figures in every file, described, dated, cited, the same bytes twice."""

import csv
import dataclasses
import hashlib
import html
import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import duckdb
import frictionless
import pandas as pd
import pytest
import yaml
from pyshacl import validate as shacl
from python_calamine import CalamineWorkbook
from rdflib import Graph

import small_release
from acces_soins import formats
from acces_soins.catalog import load_indicators
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.formats import about as texts
from acces_soins.formats import page, pilote, workbook
from acces_soins.settings import PROJECT

KEY = ["code_indicateur", "niveau", "code_territoire", "trimestre"]
SHAPE = Path(__file__).with_name("dcat_ap.shape.ttl")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return small_release.build(tmp_path_factory.mktemp("publication") / "entrepot.duckdb")


@pytest.fixture(scope="module")
def release(database, tmp_path_factory):
    """The files of a release, and the list that ``write`` gave."""
    folder = tmp_path_factory.mktemp("fichiers")
    return folder, formats.write(database, folder, small_release.ABOUT)


@pytest.fixture(scope="module")
def folder(release):
    return release[0]


@pytest.fixture(scope="module")
def figures(database):
    """The long table as the database holds it: key → value."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            f"select {', '.join(KEY)}, valeur from marts.indicateurs_trimestriels"
        ).fetchall()
    return {row[:4]: row[4] for row in rows}


def _values(rows) -> dict:
    return {tuple(row[:4]): None if row[4] is None or row[4] != row[4] else float(row[4]) for row in rows}


def _duckdb(query: str) -> dict:
    return _values(duckdb.sql(query.format(keys=", ".join(KEY))).fetchall())


def _pandas(path: Path, **options) -> dict:
    frame = pd.read_csv(path, dtype=dict.fromkeys(KEY, str), **options)
    return _values(frame[[*KEY, "valeur"]].itertuples(index=False, name=None))


def _french(path: Path) -> dict:
    """As a French spreadsheet would, with the standard library alone."""
    text = path.read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    return {
        tuple(row[name] for name in KEY): float(row["valeur"].replace(",", ".")) if row["valeur"] else None
        for row in rows
    }


def _workbook(path: Path, trial: bool = True) -> dict:
    book, found = CalamineWorkbook.from_path(path), {}
    levels = {label: code for code, label in workbook.LEVELS.items()}
    for name in book.sheet_names:
        if name in (workbook.README, workbook.CATALOGUE, workbook.SOURCES):
            continue
        lines = book.get_sheet_by_name(name).to_python()[1 if trial else 0 :]
        header, first = lines[0], len(workbook.LABELS)
        for line in lines[1:]:
            for quarter, cell in zip(header[first:], line[first:], strict=True):
                found[line[0], levels[line[4]], line[5], quarter] = cell
    return found


def test_every_file_gives_the_same_figures(folder, figures):
    assert len(figures) == 3 * 120 * 8 and None in figures.values()
    table = folder / "indicateurs_trimestriels"
    assert _duckdb(f"select {{keys}}, valeur from '{table}.parquet'") == figures
    text = "types = {{'code_territoire': 'varchar', 'valeur': 'double'}}"
    assert _duckdb(f"select {{keys}}, valeur from read_csv('{table}.csv', {text})") == figures
    french = folder / "tableur" / "indicateurs_trimestriels.csv"
    options = f"delim = ';', decimal_separator = ',', {text}"
    assert _duckdb(f"select {{keys}}, valeur from read_csv('{french}', {options})") == figures
    assert _pandas(Path(f"{table}.csv")) == figures
    assert _pandas(french, sep=";", decimal=",", encoding="utf-8-sig") == figures
    assert _french(french) == figures
    shown = {key: v if isinstance(v, float) else None for key, v in _workbook(folder / workbook.FILE).items()}
    assert shown == figures


def test_the_spreadsheet_edition_is_what_a_french_spreadsheet_expects(folder):
    raw = (folder / "tableur" / "indicateurs_trimestriels.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfcode_indicateur;niveau;")
    assert raw.count(b"\r\n") == 3 * 120 * 8 + 1
    line = next(
        line
        for line in raw.decode("utf-8-sig").splitlines()
        if "effectif_mg_liberaux;departement;28;Eure-et-Loir;2025T4" in line
    )
    assert re.search(r";\d+,\d+;", line) and not re.search(r";\d+\.\d+;", line)
    catalogue = (folder / "tableur" / "catalogue_indicateurs.csv").read_text(encoding="utf-8-sig")
    assert ";VRAI;" in catalogue and ";FAUX;" in catalogue


def test_both_csv_editions_hold_the_same_rows_of_every_table(folder, database):
    for iso in folder.glob("*.csv"):
        ours = list(csv.reader(io.StringIO(iso.read_bytes().decode(), newline="")))
        text = (folder / "tableur" / iso.name).read_bytes().decode("utf-8-sig")
        french = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
        assert ours[0] == french[0] and len(ours) == len(french), iso.name


def test_a_figure_that_is_not_there_says_why(folder, database):
    with duckdb.connect(str(database), read_only=True) as connection:
        absent = connection.execute(
            f"select {', '.join(KEY)}, statut, motif from marts.tableau_de_bord where valeur is null"
        ).fetchall()
    shown = _workbook(folder / workbook.FILE)
    assert {row[4] for row in absent} == {"masque", "non_disponible"}
    for *key, status, reason in absent:
        assert shown[tuple(key)] == workbook.absence(status, reason)


def test_the_workbook_shows_decimals_unit_and_status(folder, tmp_path):
    shutil.unpack_archive(folder / workbook.FILE, tmp_path, "zip")
    codes = re.findall(r'formatCode="([^"]+)"', (tmp_path / "xl" / "styles.xml").read_text(encoding="utf-8"))
    assert "[$-40C]#,##0.0&quot; %&quot;" in codes and "[$-40C]#,##0.0&quot; % r&quot;" in codes
    assert any(code.startswith("[$-40C]#,##0&quot; r") for code in codes)
    sheet = (tmp_path / "xl" / "worksheets" / "sheet2.xml").read_text(encoding="utf-8")
    assert "autoFilter" in sheet and 'state="frozen"' in sheet


def test_the_workbook_carries_its_notice(folder):
    book = CalamineWorkbook.from_path(folder / workbook.FILE)
    assert book.sheet_names == ["Lisez-moi", "Délais", "Offre", "Parcours", "Indicateurs", "Sources"]
    notice = "\n".join(" ".join(map(str, line)) for line in book.get_sheet_by_name("Lisez-moi").to_python())
    for expected in (
        texts.TRIAL, small_release.ABOUT.citation, "Licence Ouverte 2.0", small_release.ABOUT.notes[0],
        *(status.meaning for status in texts.STATUSES.values()), *texts.CAVEATS,
    ):  # fmt: skip
        assert expected in notice


def test_the_workbook_shows_its_titles_whole_and_prints_a_line_on_one_page(folder):
    """An empty text beside the title cut it after « Indicateurs trimestriels d »; a line took four pages."""
    with zipfile.ZipFile(folder / workbook.FILE) as archive:
        sheets = [
            archive.read(name).decode("utf-8")
            for name in archive.namelist()
            if name.startswith("xl/worksheets/sheet")
        ]
    assert '<c r="A2"' in sheets[0] and '<c r="B2"' not in sheets[0]
    assert all('fitToHeight="0" orientation="landscape"' in sheet for sheet in sheets)


def test_libreoffice_opens_the_workbook(folder, figures, database, tmp_path):
    office = shutil.which("soffice")
    if not office:
        pytest.skip("LibreOffice n'est pas installé (paquet libreoffice-calc)")
    sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
    subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/profil", "--headless", "--convert-to", sheet,
         "--outdir", str(tmp_path), str(folder / workbook.FILE)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    seen = {}
    for name in ("Parcours", "Offre", "Délais"):
        with (tmp_path / f"indicateurs-{name}.csv").open(encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream))[1:]
        levels = {label: code for code, label in workbook.LEVELS.items()}
        for line in lines[1:]:
            for quarter, cell in zip(lines[0][7:], line[7:], strict=True):
                seen[line[0], levels[line[4]], line[5], quarter] = cell
    assert seen.keys() == figures.keys()
    for key, value in figures.items():
        if value is None:
            assert not re.match(r"^-?\d", seen[key])
        else:
            assert float(seen[key].replace(",", ".")) == pytest.approx(value, rel=1e-12)
    with duckdb.connect(str(database), read_only=True) as connection:
        for sheet, (table, columns) in workbook.DESCRIBED.items():
            with (tmp_path / f"indicateurs-{sheet}.csv").open(encoding="utf-8", newline="") as stream:
                lines = list(csv.reader(stream))
            query = f"select {', '.join(columns)} from marts.{table} order by 1"
            rows = connection.execute(query).fetchall()
            assert lines[1:] == [["" if v is None else str(v) for v in row] for row in rows], sheet


def test_the_data_package_is_valid(folder):
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])[:5]
    assert {task.type for task in report.tasks} == {"table", "file"}


def test_the_data_package_would_see_a_changed_figure(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copie")
    path = copy / "objectifs.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("2.5", "2.6"), encoding="utf-8")
    package = frictionless.Package(str(copy / "datapackage.json"))
    assert not package.get_resource("objectifs").validate().valid
    assert package.get_resource("objectifs-tableur").validate().valid


def test_the_data_package_describes_everything(folder, release):
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    described = {resource["path"] for resource in package["resources"]}
    written = {path.relative_to(folder).as_posix() for path in release[1]}
    assert described == written - {"datapackage.json", "SHA256SUMS"}
    long = next(r for r in package["resources"] if r["path"] == "indicateurs_trimestriels.csv")
    assert long["schema"]["primaryKey"] == KEY
    referred = {key["reference"]["resource"] for key in long["schema"]["foreignKeys"]}
    assert referred == {"catalogue_indicateurs", "catalogue_sources", "territoires"}
    fields = {field["name"]: field for field in long["schema"]["fields"]}
    assert all(field["description"] for field in fields.values())
    assert fields["evolution_pct"]["unit"] == "%"
    assert fields["statut"]["constraints"]["enum"] == list(texts.STATUSES)
    assert package["licenses"][0]["name"] == "etalab-2.0"
    assert {source["licence"] for source in package["sources"]} == {"Licence Ouverte 2.0"}
    assert package["mises_en_garde"] and package["statuts"] and package["donnees"] == "essai"


def test_a_link_that_does_not_hold_is_not_claimed(database, tmp_path):
    broken = shutil.copy(database, tmp_path / "entrepot.duckdb")
    with duckdb.connect(str(broken)) as connection:
        connection.execute(
            "update marts.indicateurs_trimestriels set source = 'inconnue' where code_territoire = '28'"
        )
        tables = formats.tables.read(connection)
        long = next(table for table in tables if table.name == "indicateurs_trimestriels")
        links = {link.table for link in formats.tables.links(connection, long, tables)}
    assert links == {"catalogue_indicateurs", "territoires"}


def test_a_type_without_a_word_in_table_schema_is_refused(database, tmp_path):
    odd = shutil.copy(database, tmp_path / "entrepot.duckdb")
    with duckdb.connect(str(odd)) as connection:
        connection.execute("alter table marts.territoires add column voisins varchar[]")
        table = next(table for table in formats.tables.read(connection) if table.name == "territoires")
    with pytest.raises(ConfigurationError, match=r"colonne voisins : type VARCHAR\[\] sans équivalent"):
        formats.datapackage.table_schema(table, (), {}, "")


def test_the_same_publication_gives_the_same_bytes(release, database, tmp_path):
    shuffled = shutil.copy(database, tmp_path / "entrepot.duckdb")
    with duckdb.connect(str(shuffled)) as connection:
        for table in ("indicateurs_trimestriels", "tableau_de_bord", "territoires"):
            connection.execute(
                f"create or replace table marts.{table} as from marts.{table} order by hash(code_territoire)"
            )
    again = tmp_path / "encore"
    again.mkdir()
    formats.write(Path(shuffled), again, small_release.ABOUT)
    folder, files = release
    changed = [p.name for p in files if p.read_bytes() != (again / p.relative_to(folder)).read_bytes()]
    assert changed == []


def test_sha256sum_checks_every_file(folder, release):
    done = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert len((folder / "SHA256SUMS").read_text().splitlines()) == len(release[1]) - 1


def test_the_record_fits_its_shape(folder):
    record = Graph().parse(
        folder / "dcat.jsonld", format="json-ld", publicID="https://exemple.invalid/2025T4-r1/"
    )
    conforms, _, report = shacl(record, shacl_graph=str(SHAPE))
    assert conforms, report
    record.remove(
        (None, next(p for _, p in [(0, q) for q in record.predicates() if q.endswith("downloadURL")]), None)
    )
    assert not shacl(record, shacl_graph=str(SHAPE))[0]


def test_the_citation_says_trial_licence_and_path(folder):
    citation = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["type"] == "dataset" and citation["license"] == "etalab-2.0"
    assert str(citation["date-released"]) == "2026-02-02" and texts.TRIAL in citation["title"]
    assert "publication/releases/2025T4-r1/fichiers/" in citation["message"]


def test_the_journal_tells_reasons_and_revisions(folder):
    journal = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    assert small_release.ABOUT.notes[0] in journal and "v-1, après v-0" in journal
    assert "source_revisee : 1 valeur, de 2025T2 à 2025T2, écart médian 0,2" in journal


def test_real_data_say_nothing_of_trial(database, tmp_path):
    real = dataclasses.replace(small_release.ABOUT, trial=False)
    for path in formats.write(database, tmp_path, real):
        if path.suffix in (".md", ".html", ".json", ".jsonld", ".cff"):
            assert texts.TRIAL not in html.unescape(path.read_text(encoding="utf-8")), path.name
    assert (
        texts.TRIAL
        not in CalamineWorkbook.from_path(tmp_path / workbook.FILE)
        .get_sheet_by_name("Parcours")
        .to_python()[0]
    )


def test_trial_data_say_so_wherever_there_are_words(folder, release):
    for path in release[1]:
        if path.suffix in (".md", ".html", ".json", ".jsonld", ".cff"):
            assert texts.TRIAL in html.unescape(path.read_text(encoding="utf-8")), path.name


def test_pilote_gets_its_contract(folder, figures):
    schema = json.loads((folder / "pilote" / "schema.json").read_text(encoding="utf-8"))
    described = {"name": "pilote", "path": "pilote.csv", "dialect": {"delimiter": ";"}, "schema": schema}
    resource = frictionless.Resource.from_descriptor(described, basepath=str(folder / "pilote"))
    report = resource.validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "message"])[:5]
    with (folder / "pilote" / "pilote.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    zones = {row["zone_id"] for row in rows}
    assert {"D01", "D2A", "D974", "R84", "FRANCE"} <= zones
    # Masked and never known: no row, since an empty cell would erase.
    assert not {"D976", "D93"} & zones and all(row["valeur"] for row in rows)
    found = {(r["zone_id"], r["type_valeur"], r["date_valeur"]): float(r["valeur"]) for r in rows}
    assert found["FRANCE", "vc", "2027-12-31"] == 2.5
    value = figures["taux_ald_sans_mt", "departement", "28", "2024T3"]
    assert found["D28", "vi", "2024-09-30"] == pytest.approx(value, abs=0.05)
    assert found["D28", "va", "2024-09-30"] == found["D28", "vi", "2024-09-30"]


def test_pilote_says_which_identifiers_were_deduced(folder, database, tmp_path):
    schema = json.loads((folder / "pilote" / "schema.json").read_text(encoding="utf-8"))
    caution = "Identifiants déduits des valeurs, non confirmés par la DITP : IND-001 (taux_ald_sans_mt)."
    assert caution in schema["description"]
    assert caution in (folder / "LISEZ-MOI.md").read_text(encoding="utf-8")
    with (folder / "pilote" / "correspondances.csv").open(encoding="utf-8") as stream:
        (line,) = csv.DictReader(stream, delimiter=";")
    assert (line["identifiant_indic"], line["correspondance"]) == ("IND-001", "deduite")
    assert line["remarque"] == "Mêmes valeurs."
    confirmed = shutil.copy(database, tmp_path / "entrepot.duckdb")
    with duckdb.connect(str(confirmed)) as connection:
        connection.execute("update marts.objectifs set correspondance_pilote = 'verifiee'")
        pilote.write(connection, tmp_path, small_release.ABOUT)
    told = json.loads((tmp_path / "pilote" / "schema.json").read_text(encoding="utf-8"))["description"]
    assert told.startswith("Identifiants vérifiés")


def test_pilote_never_caps_a_share(database, tmp_path):
    wrong = shutil.copy(database, tmp_path / "entrepot.duckdb")
    with duckdb.connect(str(wrong)) as connection:
        connection.execute(
            "update marts.indicateurs_trimestriels set valeur = 101 "
            "where code_indicateur = 'taux_ald_sans_mt' and code_territoire = '28' and trimestre = '2025T4'"
        )
        with pytest.raises(
            AccesSoinsError, match=r"IND-001 en zone D28 au 2025-12-31 : attendu un taux de 0 à 100"
        ):
            pilote.write(connection, tmp_path, small_release.ABOUT)


def test_zones_of_pilote_are_those_of_the_territories():
    with (PROJECT / "dbt_project" / "seeds" / "ref_territoires.csv").open(encoding="utf-8") as stream:
        territories = list(csv.DictReader(stream))
    letters = {"departement": "D", "region": "R", "france": ""}
    names = [letters[t["niveau"]] + t["code_territoire"].replace("FR", "FRANCE") for t in territories]
    assert all(re.match(pilote.ZONES, name) for name in names)
    assert not any(re.match(pilote.ZONES, name) for name in ("D20", "D96", "D975", "R01A", "France", "R10"))


def test_the_legend_is_that_of_the_warehouse():
    with (PROJECT / "dbt_project" / "seeds" / "ref_libelles.csv").open(encoding="utf-8") as stream:
        labels = [(row["liste"], row["code"], row["libelle"]) for row in csv.DictReader(stream)]
    statuses = {code: label for kind, code, label in labels if kind == "statut"}
    assert {code: status.label for code, status in texts.STATUSES.items()} == statuses
    assert set(texts.REASONS) == {code for kind, code, _ in labels if kind == "motif"}


def test_every_theme_has_a_name():
    assert {indicator.theme for indicator in load_indicators().values()} <= set(workbook.THEMES)


def test_the_outlines_are_the_96_departements_with_their_licence():
    outlines = page._outlines()
    with (PROJECT / "dbt_project" / "seeds" / "ref_territoires.csv").open(encoding="utf-8") as stream:
        codes = {t["code_territoire"] for t in csv.DictReader(stream) if t["niveau"] == "departement"}
    assert set(outlines["contours"]) | set(page.OVERSEAS) == codes
    assert "Attribution 4.0" in outlines["licence"]


def test_pages_ask_nothing_of_the_network(folder):
    for name in (page.FILE, "dictionnaire.html"):
        text = (folder / name).read_text(encoding="utf-8")
        assert not re.search(r"(?:src|srcset)=|url\((?!#)|@import|<link|fetch\(|XMLHttp", text)


def test_every_download_of_the_page_is_there(folder):
    text = (folder / page.FILE).read_text(encoding="utf-8")
    for place in re.findall(r'href="([^"#:]+)"', text):
        assert (folder / place).is_file(), place
    digest = hashlib.sha256((folder / "territoires.csv").read_bytes()).hexdigest()
    assert digest in text


def test_the_page_lists_what_stands_beside_its_folder(database, tmp_path):
    files, index = tmp_path / "fichiers", tmp_path / "fiches" / "index.csv"
    files.mkdir()
    index.parent.mkdir()
    index.write_text(
        "code_departement,libelle_departement,code_region,libelle_region,fichier,archive\n"
        "2A,Corse-du-Sud,94,Corse,fiche-2A.pdf,fiches-region-94.zip\n",
        encoding="utf-8",
    )
    for name in ("fiche-2A.pdf", "fiches-region-94.zip"):
        (index.parent / name).write_bytes(b"essai")
    (tmp_path / "rapport.html").write_text("essai")
    beside = formats.Beside(
        {tmp_path / "rapport.html": "Rapport d'essai"},
        index,
        [("valeurs révisées", 1234)],
        tmp_path / "toutes.html",
    )
    formats.write(database, files, small_release.ABOUT, beside)
    text = (files / page.FILE).read_text(encoding="utf-8")
    assert 'href="../toutes.html"' in text
    for place in ("../rapport.html", "../fiches/fiche-2A.pdf", "../fiches/fiches-region-94.zip"):
        assert f'href="{place}"' in text and (files / place).is_file()
    assert "Rapport d'essai" in html.unescape(text) and "Corse-du-Sud (2A)" in text
    assert "Valeurs révisées" in text and "1\u202f234" in text


def test_the_page_says_how_much_a_provisional_figure_usually_moves(database, tmp_path):
    def shown(status: str, p90: str) -> str:
        with duckdb.connect(str(copy)) as connection:
            connection.execute(
                f"update marts.tableau_de_bord set statut = '{status}' where niveau = 'france' and "
                "code_indicateur = 'taux_ald_sans_mt' and trimestre = '2025T4';"
                "delete from marts.fiabilite_premieres_estimations;"
                "insert into marts.fiabilite_premieres_estimations by name select 'taux_ald_sans_mt' as "
                f"code_indicateur, 'france' as niveau, 0.1 as revision_mediane, {p90} as revision_p90"
            )
            lines = page.key_figures(connection, small_release.ABOUT)
        (line,) = [line for line in lines if line["code_indicateur"] == "taux_ald_sans_mt"]
        return line["en_clair"]["revision"]

    copy = shutil.copy(database, tmp_path / "entrepot.duckdb")
    assert shown("provisoire", "0.31") == "Révision habituelle\u00a0: 0,1, au plus 0,3 neuf fois sur dix."
    assert shown("provisoire", "null") == "Révision habituelle\u00a0: pas encore mesurée."
    assert shown("observe", "0.31") == ""


def test_no_line_of_a_page_begins_with_a_sign(folder):
    for name in (page.FILE, "dictionnaire.html"):
        words = (folder / name).read_text(encoding="utf-8").partition("<script")[0]
        texts_of = re.sub(r"<style>.*?</style>", "", words, flags=re.S)
        assert not re.search(r">[^<]* [:;?!»][^<]*<", texts_of), name


def test_what_the_map_draws_is_what_is_published(folder, figures):
    text = (folder / page.FILE).read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="donnees">(.*?)</script>', text, re.S)[1])
    codes = [code for code, _ in data["territoires"]]
    assert len(codes) == 101
    for indicator in data["indicateurs"]:
        for quarter, drawn in zip(data["trimestres"], indicator["trimestres"], strict=True):
            for code, value in zip(codes, drawn["valeurs"], strict=True):
                truth = figures[indicator["code"], "departement", code, quarter]
                assert value == (
                    None
                    if truth is None
                    else pytest.approx(truth, abs=0.5 * 10 ** -indicator["decimales"] + 1e-9)
                )


def test_the_night_writes_parquet_and_csv_of_each_table(database, tmp_path):
    written = {path.name for path in formats.write_nightly(database, tmp_path)}
    with duckdb.connect(str(database), read_only=True) as connection:
        names = [n for (n,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
    expected = {f"{name}.{end}" for name in names for end in ("parquet", "csv")}
    assert written == expected - {"valeurs_connues.csv"}
