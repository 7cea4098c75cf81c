"""The fictitious extracts hold to the contracts, to the real layouts, and to themselves."""

import csv
import datetime as dt
import hashlib
import io
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from python_calamine import CalamineWorkbook

from acces_soins import readers
from acces_soins.catalog import EDITION_PATTERN, edition_date, get_source, load_sources
from acces_soins.errors import ConfigurationError
from acces_soins.trial import geography, layouts, values
from acces_soins.trial.layouts import extract, header_of_vintage
from acces_soins.trial.rows import options, rows

AS_OF = dt.date(2026, 11, 22)
SOURCES = list(load_sources().values())
MG = "Médecins généralistes (hors médecins à expertise particulière - MEP)"
DIGESTS = """
import datetime as dt, hashlib, json
from acces_soins.catalog import load_sources
from acces_soins.trial.layouts import extract
day = dt.date(2026, 11, 22)
print(json.dumps({i: hashlib.sha256(extract(s, day).bytes).hexdigest() for i, s in load_sources().items()}))
"""

every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.id)


@pytest.fixture(scope="module")
def table(read):
    """Rows of a source, read once."""
    known = {}

    def rows_of(source_id):
        if source_id not in known:
            source = get_source(source_id)
            known[source_id] = read(source, extract(source, AS_OF))
        return known[source_id]

    return rows_of


def test_another_process_writes_the_same_bytes():
    command = [sys.executable, "-c", DIGESTS]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert told == {s.id: hashlib.sha256(extract(s, AS_OF).bytes).hexdigest() for s in SOURCES}


@every_source
def test_every_value_holds_to_its_contract(source, table):
    found = table(source.id)
    assert len(found) >= source.meta["lignes_minimum"]
    for column in (c for c in source.columns if c.required):
        cells = {row[column.name] for row in found}
        assert "" not in cells or not column.mandatory, column.name
        plain = {cell for cell in cells if cell and cell not in column.sentinels}
        assert plain or cells == {""}, column.name
        if column.pattern:
            assert [cell for cell in plain if not re.fullmatch(column.pattern, cell)] == [], column.name
        if column.bounds:
            numbers = [float(re.sub(r"\s", "", cell)) for cell in plain]
            assert column.bounds[0] <= min(numbers) <= max(numbers) <= column.bounds[1], column.name
        if column.single_value:
            assert len(cells) == 1, column.name


@every_source
def test_the_reader_takes_every_row(source, tmp_path):
    shown = extract(source, AS_OF)
    path = tmp_path / shown.filename
    path.write_bytes(shown.bytes)
    result = readers.read(readers.Request(source, path, shown.filename), tmp_path / "table.parquet")
    totals = source.reading.get("lignes_entete") == 2 and 3 * len(result.sheets)
    assert result.rows == shown.rows + totals
    # The population workbooks repeat in one block what the others say.
    assert totals or not result.unexpected


@every_source
def test_no_key_comes_twice(source, table):
    keys = Counter(tuple(row[name] for name in source.key) for row in table(source.id))
    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize(
    "source", [s for s in SOURCES if "departement" in s.meta.get("territoires", {})], ids=lambda s: s.id
)
def test_every_departement_is_there(source, table):
    column = source.meta["territoires"]["departement"]
    codes = {row[column] for row in table(source.id)} - {"999", "inconnu"}
    codes -= set(source.column(column).sentinels)
    departments = values.departments().values()
    assert codes == {d.finess if source.producer == "finess" else d.code for d in departments}
    assert len(codes) == 101


@every_source
def test_file_and_edition_answer_to_the_catalogue(source):
    shown = extract(source, AS_OF)
    assert EDITION_PATTERN.match(shown.edition)
    assert shown.modified.date() <= AS_OF
    if "chemin" in source.meta:
        assert source.meta["chemin"].endswith("/" + shown.filename)
    if source.protocol == "datagouv":
        assert re.search(source.meta["piece"], shown.filename)
    if source.protocol == "piece_jointe":
        assert re.search(source.meta["piece"], options(source)["piece"])


@every_source
def test_bytes_change_only_with_the_period(source):
    shown, next_day = extract(source, AS_OF), extract(source, AS_OF + dt.timedelta(days=1))
    assert shown is next_day


def test_two_nights_of_every_source_are_kept():
    assert layouts._extract_of_period.cache_parameters()["maxsize"] >= 2 * len(SOURCES)


@pytest.mark.parametrize("source_id", ["ameli.patients_longueduree_infra_annuelle", "finess.etablissements"])
def test_three_quarters_follow_one_another(source_id):
    source = get_source(source_id)
    days = [dt.date(2026, 3, 1), dt.date(2026, 6, 1), dt.date(2026, 9, 1)]
    found = [extract(source, day) for day in days]
    ends = [edition_date(shown.edition) for shown in found]
    assert all(80 < (later - sooner).days < 100 for sooner, later in pairwise(ends))
    assert len({shown.bytes for shown in found}) == 3
    assert all(shown.modified.date() <= day for shown, day in zip(found, days, strict=True))


def test_finess_stock_follows_a_quarter_end_by_less_than_fifteen_days():
    shown = extract(get_source("finess.etablissements"), AS_OF)
    assert shown.edition == "2026-10-05"
    assert extract(get_source("finess.etablissements"), dt.date(2026, 10, 4)).edition == "2026-07-05"


def test_annual_series_begin_in_2016(table):
    years = {row["annee"] for row in table("ameli.demographie_effectifs_densites")}
    assert years == {str(year) for year in range(2016, 2025)}


# Assurance Maladie


@pytest.mark.parametrize("source", [s for s in SOURCES if s.producer == "ameli"], ids=lambda s: s.id)
def test_exports_are_written_as_opendatasoft_writes_them(source):
    content = extract(source, AS_OF).bytes
    assert content.startswith(b"\xef\xbb\xbf")
    first, rest = content[3:].split(b"\r\n", 1)
    assert first.decode().split(";") == [column.name for column in source.columns]
    assert b"\n" not in rest.replace(b"\r\n", b"")


def test_twins_are_french_and_english(table):
    rates = table("ameli.patients_longueduree_annuelle")
    pairs = {(r["taux_patients_ald_sans_mt"], r["taux_patients_ald_sans_mt_integer"]) for r in rates}
    assert {f.replace(",", ".") for f, _ in pairs if f != "NC"} == {e for f, e in pairs if f != "NC"}
    assert all("," in french for french, _ in pairs if french != "NC")
    actives = table("ameli.file_active_medgen_annuelle")
    french = {row["nombre_patients_uniques"] for row in actives} - {"NS"}
    assert all(re.fullmatch(r"\d\u00a0\d{3}", number) for number in french)
    doubles = {row["nombre_patients_uniques_integer"] for row in actives} - {""}
    assert all(re.fullmatch(r"\d{4}\.0", number) for number in doubles)


def test_masks_are_there_and_never_a_number(table):
    rates = table("ameli.patients_longueduree_annuelle")
    assert {r["taux_patients_ald_sans_mt"] for r in rates if r["departement"] == "976"} == {"NC"}
    assert {r["taux_patients_ald_sans_mt_integer"] for r in rates if r["departement"] == "976"} == {""}
    assert any(r["departement"] == "inconnu" for r in rates)
    small = [r for r in table("ameli.file_active_medgen_annuelle") if r["nombre_patients_uniques"] == "NS"]
    assert small
    for row in small:
        territory = row["departement"] if row["departement"] != "999" else f"R{row['region']}"
        assert values.headcount(row["profession_sante"], territory, int(row["annee"])) < 5
        assert row["nombre_patients_uniques_integer"] == ""
        assert row["taux_evolution_annuel"] == "NS"


def test_totals_have_their_own_rows(table):
    found = table("ameli.patients_longueduree_infra_annuelle")
    totals = [row for row in found if row["departement"] == "999"]
    assert Counter(row["libelle_departement"] for row in totals) == {"Tout département": 18, "FRANCE": 1}
    assert next(r for r in totals if r["region"] == "99")["libelle_region"] == "FRANCE"
    assert {r["libelle_region"] for r in found if r["region"] == "11"} == {"Ile-de-France"}


def test_headcounts_sum_over_territories_ages_sexes_and_professions(table):
    found = [r for r in table("ameli.demographie_effectifs_densites") if r["annee"] == "2024"]
    cells = {
        (r["profession_sante"], r["region"], r["departement"], r["classe_age"], r["libelle_sexe"]): int(
            r["effectif"]
        )
        for r in found
    }
    sums = defaultdict(int)
    for (profession, region, department, age, sex), count in cells.items():
        if department != "999":
            sums[profession, region, "999", age, sex] += count
            sums[profession, "99", "999", age, sex] += count
        if age != "tout_age":
            sums[profession, region, department, "tout_age", sex, "ages"] += count
        if sex != "tout sexe":
            sums[profession, region, department, age, "tout sexe", "sexes"] += count
    assert {key for key, total in sums.items() if cells[key[:5]] != total} == set()
    for profession, parameters in values.professions().items():
        for part_key in (k for k in cells if k[0] == profession and "ensemble" in parameters):
            assert cells[part_key] == sum(cells[part, *part_key[1:]] for part in parameters["ensemble"])


def test_density_is_headcount_over_population(table):
    for row in table("ameli.demographie_effectifs_densites")[::501]:
        territory = {"99": "FR"}.get(row["region"], f"R{row['region']}")
        territory = territory if row["departement"] == "999" else row["departement"]
        inhabitants = values.population(territory, int(row["annee"]))
        assert float(row["densite"]) == pytest.approx(100_000 * int(row["effectif"]) / inhabitants, abs=0.051)


def test_general_practitioners_are_plausible(table):
    found = table("ameli.demographie_effectifs_densites")
    total = next(
        int(r["effectif"])
        for r in found
        if (r["annee"], r["profession_sante"], r["region"], r["classe_age"], r["libelle_sexe"])
        == ("2024", MG, "99", "tout_age", "tout sexe")
    )
    assert 40_000 < total < 60_000


# INSEE


def test_population_workbook_has_the_real_shape(read):
    source = get_source("insee.estimation_population_gca")
    book = CalamineWorkbook.from_filelike(io.BytesIO(extract(source, AS_OF).bytes))
    assert book.sheet_names == ["À savoir", *[str(year) for year in range(2026, 2013, -1)]]
    lines = book.get_sheet_by_name("2026").to_python(skip_empty_area=False)
    assert lines[0][0].startswith("Estimation de population au 1er janvier")
    assert lines[3][:3] == ["Départements", "", "Ensemble"]
    assert lines[4][2:4] == ["0 à 19 ans", "20 à 39 ans"]
    assert lines[5][:2] == ["01", "Ain"]
    assert [line[0].strip() for line in lines if str(line[0]).startswith(("France", "DOM"))] == [
        "France métropolitaine", "DOM", "France métropolitaine et DOM",
    ]  # fmt: skip
    assert str(lines[-1][0]).startswith("Source")


def test_population_blocks_sum(table):
    found = [row for row in table("insee.estimation_population_gca") if row["_feuille"] == "2024"]
    totals = {row["code"]: int(row["ensemble_total"]) for row in found}
    whole = totals.pop("France métropolitaine et DOM")
    assert whole == totals.pop("France métropolitaine") + totals.pop("DOM") == sum(totals.values())
    assert 66_000_000 < whole < 70_000_000
    for row in found:
        assert int(row["ensemble_total"]) == int(row["hommes_total"]) + int(row["femmes_total"])
        ages = (int(row[f"ensemble_{age}"]) for age in ("0_19", "20_39", "40_59", "60_74", "75_plus"))
        assert int(row["ensemble_total"]) == sum(ages)


def test_official_code_has_every_kind_of_commune(table):
    kinds = Counter(row["typecom"] for row in table("insee.cog_communes"))
    assert kinds["ARM"] == 45
    assert kinds["COMD"] > 0 < kinds["COMA"]
    codes = {row["com"] for row in table("insee.cog_communes") if row["typecom"] == "COM"}
    assert {"75056", "69123", "13055"} <= codes
    assert {row["comparent"] for row in table("insee.cog_communes")} - {""} <= codes
    assert all(row["cheflieu"] in codes for row in table("insee.cog_departements"))


# DREES


def test_apl_workbook_has_the_real_shape():
    source = get_source("drees.apl_medecins_generalistes")
    book = CalamineWorkbook.from_filelike(io.BytesIO(extract(source, AS_OF).bytes))
    assert book.sheet_names == ["APL 2022", "APL 2023", "APL 2024"]
    lines = book.get_sheet_by_name("APL 2023").to_python(skip_empty_area=False)
    assert lines[8][:2] == ["Code commune INSEE", "Commune"]
    assert lines[8][3] == "APL aux médecins généralistes de 65 ans et moins "
    assert lines[8][7] == "Population totale 2021"
    assert lines[9][0] == "" and "consultations" in lines[9][2]
    assert [str(line[0]).split(" ")[0] for line in lines[-3:]] == ["Lecture", "Champ", "Source"]
    assert header_of_vintage(source, "apl_65", 2024) == "APL aux médecins généralistes de 65 ans ou moins"


def test_apl_has_the_traps_of_the_real_one(table):
    found = [row for row in table("drees.apl_medecins_generalistes") if row["_feuille"] == "APL 2024"]
    codes = {row["code_commune"] for row in found}
    assert not any(code.startswith("976") for code in codes)
    assert {"75101", "69381", "13201"} <= codes
    assert not codes & {"75056", "69123", "13055"}
    assert {code for c in geography.communes() if c.kind == "COMD" for code in [c.code]} & codes
    levels = [row["apl"] for row in found]
    assert "2.5" in levels and "" in levels and "0" in levels


def test_apl_leaves_about_fifteen_percent_under_the_threshold(table):
    found = [r for r in table("drees.apl_medecins_generalistes") if r["_feuille"] == "APL 2024" and r["apl"]]
    total = sum(int(row["population_totale"]) for row in found)
    under = sum(int(row["population_totale"]) for row in found if float(row["apl"]) < 2.5)
    weights = [float(row["population_standardisee"]) for row in found]
    mean = sum(w * float(r["apl"]) for w, r in zip(weights, found, strict=True)) / sum(weights)
    assert 0.10 < under / total < 0.20
    assert 3.2 < mean < 3.8


def test_apl_populations_are_those_of_two_years_before(table):
    found = [r for r in table("drees.apl_medecins_generalistes") if r["_feuille"] == "APL 2024"]
    sums = Counter()
    for row in found:
        sums[row["code_commune"][: 3 if row["code_commune"] > "97" else 2]] += int(row["population_totale"])
    assert sums == {code: values.population(code, 2022) for code in values.departments() if code != "976"}


# FINESS


def test_finess_file_has_the_real_shape(table):
    source = get_source("finess.etablissements")
    content = extract(source, AS_OF).bytes.decode()
    first, second = content.splitlines()[:2]
    found = table("finess.etablissements")
    assert first == f"finess;etalab;{len(found)};2026-10-05"
    assert second.startswith("structureet;") and second.count(";") == 31
    assert any(row["rs"].count('"') == 1 for row in found)
    assert {row["departement"] for row in found} >= {"9A", "9B", "9C", "9D", "9F"}
    assert {"603", "124", "604", "620", "355", "101"} <= {row["categetab"] for row in found}


def test_finess_names_nobody(table):
    personal = ("telephone", "telecopie", "voie", "numvoie", "lieuditbp", "ligneacheminement", "siret")
    assert {row[name] for row in table("finess.etablissements") for name in personal} == {""}


def test_an_establishment_keeps_its_number_from_stock_to_stock(read, table):
    source = get_source("finess.etablissements")
    before = {r["nofinesset"]: r for r in read(source, extract(source, dt.date(2026, 7, 20)))}
    now = {r["nofinesset"]: r for r in table("finess.etablissements")}
    kept = before.keys() & now.keys()
    assert len(kept) > 0.99 * len(before)
    assert all(before[number] == now[number] for number in kept)
    opened = [now[number] for number in now.keys() - before.keys()]
    assert opened and {row["dateouv"] for row in opened} == {"2026-09-30"}


def test_equipment_stands_in_known_hospitals(table):
    hospitals = {row["nofinesset"] for row in table("finess.etablissements")}
    assert {row["nofinesset"] for row in table("finess.materiels_lourds")} <= hospitals


# The table of sources, and the real extracts


def test_a_source_without_an_entry_is_named():
    class Unknown:
        id = "insee.inconnue"

    with pytest.raises(ConfigurationError, match=r"insee\.inconnue.*sources\.yml"):
        list(rows(Unknown, AS_OF))


@pytest.mark.extraits
def test_population_header_is_that_of_the_real_workbook(extraits):
    path = next(extraits.glob("insee/estimations-population/*-gca-*.xls"))
    real = CalamineWorkbook.from_path(path).get_sheet_by_name("2024")
    source = get_source("insee.estimation_population_gca")
    trial = CalamineWorkbook.from_filelike(io.BytesIO(extract(source, AS_OF).bytes)).get_sheet_by_name("2024")
    real_lines, trial_lines = (sheet.to_python(skip_empty_area=False) for sheet in (real, trial))
    assert trial_lines[:5] == real_lines[:5]
    assert [line[0] for line in trial_lines[5:109]] == [line[0] for line in real_lines[5:109]]


@pytest.mark.extraits
@pytest.mark.parametrize(
    ("source_id", "path"),
    [
        ("ameli.demographie_effectifs_densites", "ameli/demographie-effectifs-et-les-densites/2024.csv"),
        ("insee.cog_communes", "insee/cog/2026/v_commune_2026.csv"),
        ("insee.cog_departements", "insee/cog/2026/v_departement_2026.csv"),
        ("insee.cog_regions", "insee/cog/2026/v_region_2026.csv"),
        ("finess.materiels_lourds", "finess/2026/finess_materiels_lourds.txt"),
        ("finess.activites_soins", "finess/2026/finess_activites_soin.txt"),
        ("insee.cog_mouvements", "insee/cog/2026/v_mvt_commune_2026.csv"),
        ("insee.populations_reference", "insee/populations-reference/2023/donnees_communes.csv"),
        ("ditp.barometre_ind_312", "ditp/barometre/2024/ind-312.csv"),
    ],
)
def test_header_is_that_of_the_real_file(source_id, path, extraits, unpack):
    def header(content):
        line = content.decode("utf-8-sig").splitlines()[0]
        return next(csv.reader([line], delimiter=";" if ";" in line else ","))

    source = get_source(source_id)
    shown = unpack(source, extract(source, AS_OF).bytes)
    assert header(shown) == header((extraits / path).read_bytes())
