"""Answers of the Melodi API: nested observations become rows of text."""

import json

import pyarrow.parquet as pq
import pytest

from acces_soins.errors import RefusedInput
from acces_soins.readers import Request, read

COLUMNS = {"GEO": "2026-DEP-2A", "TIME_PERIOD": "2026", "EP_MEASURE": "POP_JAN_1ST", "SEX": "F", "AGE": "_T"}


def observation(value=1577.0, attributes=None, **changed):
    measure = {} if value is None else {"value": value}
    found = {"dimensions": COLUMNS | changed, "measures": {"OBS_VALUE_NIVEAU": measure}}
    return found | ({"attributes": attributes} if attributes else {})


def answers(*pages):
    return "".join(json.dumps({"observations": page, "paging": {}}, indent=1) + "\n" for page in pages)


@pytest.fixture
def read_text(tmp_path, source):
    def run(content):
        path = tmp_path / "DS_ESTIMATION_POPULATION.json"
        path.write_text(content)
        request = Request(source("insee.ds_estimation_population"), path, path.name)
        result = read(request, tmp_path / "table.parquet")
        return result, pq.read_table(tmp_path / "table.parquet").to_pylist()

    return run


def test_every_page_gives_its_rows_in_order(read_text):
    result, rows = read_text(
        answers([observation(), observation(GEO="2026-REG-94")], [observation(GEO="2026-FRANCE-F")])
    )
    assert (result.rows, result.encoding, result.unexpected) == (3, "utf-8", ())
    assert [row["geo"] for row in rows] == ["2026-DEP-2A", "2026-REG-94", "2026-FRANCE-F"]
    assert [row["_ligne"] for row in rows] == [1, 2, 3]
    assert rows[0]["obs_value"] == "1577.0" and rows[0]["freq"] is None and rows[0]["_feuille"] is None


def test_an_absent_value_or_attribute_is_null(read_text):
    _, rows = read_text(
        answers([observation(None, {"OBS_STATUS": "P"}), observation(AGE="Y_GE75"), observation(0, SEX="M")])
    )
    assert [row["obs_value"] for row in rows] == [None, "1577.0", "0"]
    assert [row["obs_status"] for row in rows] == ["P", None, None]


def test_a_large_number_keeps_its_value(read_text):
    _, rows = read_text(answers([observation(6.9e7)]).replace("69000000.0", "6.9E7"))
    assert float(rows[0]["obs_value"]) == 69_000_000


def test_a_new_dimension_is_told(read_text):
    result, _ = read_text(answers([observation(PCS="1")]))
    assert result.unexpected == ("PCS",)


def test_a_missing_dimension_is_refused(read_text):
    bare = {"dimensions": {"GEO": "2026-DEP-2A"}, "measures": {}}
    with pytest.raises(RefusedInput, match=r"observations : attendu .*« TIME_PERIOD », .*; trouvé « GEO »"):
        read_text(answers([bare]))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (answers([observation()])[:-20], "unexpected end of data"),
        ("annee;valeur\n2026;1\n", "Malformed JSON"),
        (answers([]), "aucune observation"),
        ('{"error_code": "InternalError"}', "aucune observation"),
    ],
)
def test_what_is_no_answer_is_refused(read_text, content, found):
    with pytest.raises(RefusedInput, match="des réponses de l'API Melodi") as refusal:
        read_text(content)
    assert found in str(refusal.value)


def test_two_observations_of_one_key_are_refused(read_text):
    with pytest.raises(RefusedInput, match="une seule ligne par clé"):
        read_text(answers([observation()], [observation(12)]))
