"""JSON: lists of records streamed from an array or a giant object, paths, and faults."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from acces_soins.catalog import Column
from acces_soins.errors import RefusedInput
from acces_soins.readers import Request, json_text, nested, read

PATHS = {
    "numero": "informations.numero",
    "parent": "../numero",
    "commune": "adresse[usage=03].commune",
    "budget": "budget[0]",
    "etat": "etat",
}


def site(number, **changes):
    address = [{"usage": "04", "commune": "99999"}, {"usage": "03", "commune": "01053"}]
    return {
        "informations": {"numero": f"{number:04d}"},
        "adresse": address,
        "budget": ["01"],
        "etat": "A",
    } | changes


def parents(count):
    """Legal entities with none, one or two sites each."""
    return [
        {
            "numero": f"P{n}",
            "inutile": {"a": [{"b": "}, {"}]},
            "sites": [site(10 * n + i) for i in range(n % 3)],
        }
        for n in range(count)
    ]


@pytest.fixture
def contract(source):
    columns = tuple(Column(name, f"{name}.", header) for name, header in PATHS.items())
    meta = {"format": "json", "cle": ["numero"], "lecture": {"enregistrements": "entites.sites"}}
    return replace(source("finess.etablissements"), columns=columns, meta=meta)


@pytest.fixture
def read_json(tmp_path, contract):
    def run(content, **reading):
        path = tmp_path / "essai.json"
        text = content if isinstance(content, str | bytes) else json.dumps(content, ensure_ascii=False)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        told = replace(contract, meta=contract.meta | {"lecture": contract.meta["lecture"] | reading})
        result = read(Request(told, path, "essai.json"), tmp_path / "table.parquet")
        return result, pq.read_table(tmp_path / "table.parquet").to_pylist()

    return run


def test_records_of_a_giant_object_know_the_one_around_them(read_json):
    result, rows = read_json({"version": "1", "groupes": [{"x": 1}], "entites": parents(3)})
    assert [(r["numero"], r["parent"], r["commune"], r["budget"], r["_ligne"]) for r in rows] == [
        ("0010", "P1", "01053", "01", 1),
        ("0020", "P2", "01053", "01", 2),
        ("0021", "P2", "01053", "01", 3),
    ]
    assert result.unexpected == ("groupes", "inutile", "version")


def test_known_keys_are_not_told(read_json):
    result, _ = read_json({"version": "1", "entites": parents(3)}, cles_connues=["version", "inutile"])
    assert result.unexpected == ()


def test_an_array_alone_is_a_list_of_records(read_json, contract):
    _, rows = read_json([{"sites": [site(1)], "numero": "P"}], enregistrements=".sites")
    assert rows[0]["parent"] == "P"


@pytest.mark.parametrize("chunk", [50, 333, 4096])
@pytest.mark.parametrize("indent", [None, 2])
def test_the_text_may_be_cut_anywhere(read_json, monkeypatch, chunk, indent):
    monkeypatch.setattr(json_text, "CHUNK", chunk)
    content = {"avant": parents(20), "entites": parents(40), "apres": {"fin": ["été"]}}
    _, rows = read_json(json.dumps(content, indent=indent, ensure_ascii=False))
    expected = [s["informations"]["numero"] for parent in parents(40) for s in parent["sites"]]
    assert [row["numero"] for row in rows] == expected


def test_a_byte_order_mark_numbers_and_nulls(read_json):
    content = {"entites": [{"numero": 7, "sites": [site(1, adresse=None), site(2, etat=None)]}]}
    _, rows = read_json(b"\xef\xbb\xbf" + json.dumps(content).encode())
    assert [(r["parent"], r["commune"], r["etat"]) for r in rows] == [("7", None, "A"), ("7", "01053", None)]


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_cut_file_is_refused(read_json, kept):
    text = json.dumps({"entites": parents(30), "apres": "fin"})
    with pytest.raises(RefusedInput, match=r"essai.json, après l'enregistrement \d+ : attendu .* ; trouvé"):
        read_json(text[: int(len(text) * kept)])


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_cut_list_is_refused(read_json, kept):
    text = json.dumps([{"sites": [site(n)], "numero": "P"} for n in range(30)])
    with pytest.raises(RefusedInput, match="attendu la fin de la liste"):
        read_json(text[: int(len(text) * kept)], enregistrements=".sites")
    with pytest.raises(RefusedInput, match="attendu la fin de la liste"):
        read_json(text[: text.rindex(', {"sites"') + 1], enregistrements=".sites")


def test_a_list_that_is_no_json_is_refused(read_json):
    text = json.dumps([{"sites": [site(n)], "numero": f"P{n}"} for n in range(3)])
    with pytest.raises(RefusedInput, match=r"attendu du JSON bien formé ; trouvé .* Malformed JSON"):
        read_json(text.replace('"P1"', '"P1'), enregistrements=".sites")


def test_the_piece_of_another_shape_is_named(read_json, monkeypatch):
    monkeypatch.setattr(json_text, "CHUNK", 4096)
    records = parents(60)
    records[50]["sites"] = "aucun"
    with pytest.raises(RefusedInput, match="attendu des champs de la forme") as refusal:
        read_json({"entites": records})
    assert 20 < int(refusal.value.place.removeprefix("après l'enregistrement ")) <= 50


def test_a_record_too_large_is_refused(read_json):
    with pytest.raises(RefusedInput, match="attendu des enregistrements de moins de 32 Mo"):
        read_json({"entites": [{"numero": "x" * (2 * nested.LARGEST_RECORD + 1), "sites": [site(1)]}]})


def test_a_list_that_is_gone_is_refused(read_json):
    with pytest.raises(RefusedInput, match="attendu la liste « entites » ; trouvé autres"):
        read_json({"autres": parents(3)})


def test_a_field_that_no_record_has_is_refused(read_json):
    records = [{"numero": "P", "sites": [{k: v for k, v in site(1).items() if k != "etat"}]}]
    with pytest.raises(RefusedInput, match="la colonne « etat »"):
        read_json({"entites": records})


def test_another_shape_is_refused(read_json):
    with pytest.raises(RefusedInput, match="de la forme du contrat"):
        read_json({"entites": [{"numero": "P", "sites": {"un": "objet"}}]})


@pytest.mark.parametrize("text", ["", "<html>", "42", "{]"])
def test_what_is_no_list_is_refused(read_json, text):
    with pytest.raises(RefusedInput, match="après l'enregistrement 0"):
        read_json(text)


def test_a_key_twice_is_refused(read_json):
    with pytest.raises(RefusedInput, match="une seule ligne par clé"):
        read_json({"entites": [{"numero": "P", "sites": [site(1), site(1)]}]})
