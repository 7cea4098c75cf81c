"""Delimited files: encodings, separators, headers found by content, FINESS sections, faults."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from acces_soins.errors import RefusedInput
from acces_soins.readers import Request, delimited, read

REGIONS = "REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE\n01,97105,3,GUADELOUPE,Guadeloupe,Guadeloupe\n"
ETAB = [
    "structureet",
    "010000024",
    "010780054",
    "MSP D'ESSAI",
    *[""] * 8,
    "053",
    "01",
    "AIN",
    *[""] * 3,
    "603",
    "Maison de santé",
    *[""] * 12,
]


@pytest.fixture
def read_text(tmp_path, source):
    """Read some bytes as a file of a source; returns (result, rows as dicts)."""

    def run(source_id, content, name="essai.csv", **declared):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        target = tmp_path / "table.parquet"
        contract = source(source_id) if isinstance(source_id, str) else source_id
        result = read(Request(contract, path, name, **declared), target)
        return result, pq.read_table(target).to_pylist()

    return run


def finess(lines, count=None):
    head = f"finess;etalab;{len(lines) if count is None else count};2026-05-12"
    return "\r\n".join([head, *(";".join(line) for line in lines), ""])


def test_codes_stay_text_and_rows_know_their_line(read_text):
    result, rows = read_text("insee.cog_regions", REGIONS)
    assert result.rows == 1
    assert rows[0]["reg"] == "01"
    assert rows[0]["_ligne"] == 2


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_the_separator_is_the_one_that_gives_the_header(read_text, separator):
    result, rows = read_text("insee.cog_regions", REGIONS.replace(",", separator))
    assert rows[0]["libelle"] == "Guadeloupe"
    assert result.separator == separator


def test_a_byte_order_mark_and_lines_of_title_are_passed_over(read_text):
    result, rows = read_text("insee.cog_regions", "\ufeffTitre ; ;\nNote\n" + REGIONS)
    assert rows == [rows[0]] and rows[0]["_ligne"] == 4
    assert result.encoding == "utf-8-sig"


def test_an_empty_cell_is_nothing_not_an_empty_text(read_text):
    _, rows = read_text("insee.cog_regions", REGIONS.replace("97105", ""))
    assert rows[0]["cheflieu"] is None


def test_unknown_columns_are_told_and_left_out(read_text):
    result, rows = read_text(
        "insee.cog_regions",
        REGIONS.replace("LIBELLE", "LIBELLE,NOUVELLE")
        .replace("\n01", "\n01")
        .replace("e,Guadeloupe\n", "e,Guadeloupe,x\n"),
    )
    assert result.unexpected == ("NOUVELLE",)
    assert "NOUVELLE" not in rows[0]


def test_a_missing_column_is_refused_with_its_name_and_line(read_text):
    with pytest.raises(
        RefusedInput, match=r"essai.csv, ligne 1 : attendu .*« NCCENR » ; trouvé « REG, CHEFLIEU"
    ):
        read_text("insee.cog_regions", "REG,CHEFLIEU,TNCC,NCC,LIBELLE\n01,97105,3,G,G\n")


def test_an_alias_of_the_deposit_stands_for_the_header(read_text):
    _, rows = read_text("insee.cog_regions", REGIONS.replace("LIBELLE", "Nom"), aliases={"Nom": "LIBELLE"})
    assert rows[0]["libelle"] == "Guadeloupe"


def test_a_column_declared_absent_is_null(read_text):
    _, rows = read_text(
        "insee.cog_regions", "REG,CHEFLIEU,TNCC,NCC,NCCENR\n01,97105,3,G,G\n", absent=("LIBELLE",)
    )
    assert rows[0]["libelle"] is None


def test_a_wrong_encoding_is_refused_with_the_line_and_the_byte(read_text):
    with pytest.raises(RefusedInput, match=r"ligne 3 : attendu un texte codé en utf-8 ; trouvé l'octet 0xce"):
        read_text("insee.cog_regions", (REGIONS + "11,75056,1,ILE,Île,Île\n").encode("cp1252"))


def test_utf_16_is_refused(read_text):
    with pytest.raises(RefusedInput, match="un texte en UTF-16"):
        read_text("insee.cog_regions", REGIONS.encode("utf-16"))


def test_a_cut_line_is_refused_with_its_number(read_text):
    with pytest.raises(RefusedInput, match=r"ligne 3 : attendu 6 champs ; trouvé 2 champs"):
        read_text("insee.cog_regions", REGIONS + "02,97209\n")


def test_a_file_without_rows_is_refused(read_text):
    with pytest.raises(RefusedInput, match="au moins une ligne de données"):
        read_text("insee.cog_regions", REGIONS.split("\n")[0] + "\n")


def test_an_empty_file_is_refused(read_text):
    with pytest.raises(RefusedInput, match="ligne 1 : attendu une ligne d'entête"):
        read_text("insee.cog_regions", "")


def test_finess_sections_keep_stray_quotes_and_the_marker(read_text):
    line = ETAB.copy()
    line[3] = "MSP \"D'ESSAI"
    result, rows = read_text("finess.etablissements", finess([line]))
    assert result.marker == ("finess", "etalab", "1", "2026-05-12")
    assert rows[0]["rs"] == "MSP \"D'ESSAI"
    assert (rows[0]["departement"], rows[0]["categetab"], rows[0]["_ligne"]) == ("01", "603", 2)


def test_finess_geolocated_lines_are_counted_and_left_out(read_text):
    geo = ["geolocalisation", "010000024", "1.0", "2.0", "x", "2026-01-01"]
    _, rows = read_text("finess.etablissements", finess([ETAB, geo]))
    assert len(rows) == 1


def test_a_truncated_finess_file_is_refused(read_text):
    with pytest.raises(RefusedInput, match=r"attendu 2 lignes, comme la première ligne l'annonce ; trouvé 1"):
        read_text("finess.etablissements", finess([ETAB], count=2))


def test_contact_fields_never_reach_the_table(read_text):
    _, rows = read_text("finess.etablissements", finess([ETAB]))
    assert not {"telephone", "telecopie", "voie"} & set(rows[0])


def test_a_line_break_in_quotes_is_in_the_cell(read_text):
    _, rows = read_text("insee.cog_regions", REGIONS + '02,97209,3,"MARTI\nNIQUE","Mar""tinique",M\n')
    assert (rows[1]["ncc"], rows[1]["nccenr"]) == ("MARTI\nNIQUE", 'Mar"tinique')


@pytest.mark.parametrize("quote", ["", '"'], ids=["side by side", "one thread"])
def test_pieces_keep_the_order_the_lines_and_the_place_of_a_fault(read_text, monkeypatch, quote):
    monkeypatch.setattr(delimited, "CHUNK", 100)
    lines = [f"{number:02d},97105,3,{quote}G{quote},Île,G" for number in range(1, 100)]
    header = REGIONS.split("\n")[0]
    _, rows = read_text("insee.cog_regions", "\n".join([header, *lines]))
    assert [(row["reg"], row["_ligne"]) for row in rows] == [(f"{n:02d}", n + 1) for n in range(1, 100)]
    with pytest.raises(RefusedInput, match=r"ligne 81 : attendu 6 champs ; trouvé 7 champs"):
        read_text("insee.cog_regions", "\n".join([header, *lines[:79], lines[79] + ",x", *lines[80:]]))


def test_a_piece_may_end_within_a_character(read_text, monkeypatch, source):
    monkeypatch.setattr(delimited, "DECODED", 7)
    _, rows = read_text("insee.cog_regions", REGIONS.replace("Guadeloupe", "ÎÎÎÎÎ"))
    assert rows[0]["libelle"] == "ÎÎÎÎÎ"
    with pytest.raises(RefusedInput, match=r"ligne 2 : .* l'octet 0xc3"):
        read_text("insee.cog_regions", REGIONS.replace("Guadeloupe", "ÎÎÎÎÎ").encode()[:-2])


@pytest.mark.parametrize("quote", ["", '"'], ids=["side by side", "one thread"])
def test_windows_text_is_read_where_the_contract_allows_it(read_text, source, monkeypatch, quote):
    monkeypatch.setattr(delimited, "CHUNK", 1000)
    regions = source("insee.cog_regions")
    contract = replace(regions, meta=regions.meta | {"lecture": {"encodages": ["utf-8", "cp1252"]}})
    # Many pieces are read as UTF-8 before the first byte that is not.
    lines = [f"{n:02d},97105,3,{quote}{'G' * 200}{quote},G,G" for n in range(1, 99)]
    text = "\n".join([REGIONS.split("\n")[0], *lines, "99,97209,3,M,Î,Île"])
    result, rows = read_text(contract, text.encode("cp1252"))
    assert (result.encoding, rows[-1]["libelle"]) == ("cp1252", "Île")
    assert [row["reg"] for row in rows] == [f"{n:02d}" for n in range(1, 100)]


def test_a_person_gets_past_the_reader_under_a_stable_pseudonym_only(read_text, source):
    regions = source("insee.cog_regions")
    columns = {column.name: column for column in regions.columns}
    columns["ncc"] = replace(columns["ncc"], personal=True)
    columns["nccenr"] = replace(columns["nccenr"], pseudonym=True, pattern=None)
    contract = replace(regions, columns=tuple(columns.values()))
    _, rows = read_text(contract, REGIONS + "02,97209,3,MARTINIQUE,Guadeloupe,M\n")
    assert "ncc" not in rows[0]
    assert rows[0]["nccenr"] == rows[1]["nccenr"] != "Guadeloupe"
    assert len(rows[0]["nccenr"]) == 16
