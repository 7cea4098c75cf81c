"""Rows made from a contract alone: dimensions, figures, masks, keys; a mistake is named."""

import datetime as dt
import re

import pytest

from acces_soins.catalog import Column, Source
from acces_soins.errors import ConfigurationError
from acces_soins.trial import values
from acces_soins.trial.contract_rows import rows

PERIOD = dt.date(2024, 12, 31)


def source(*columns, key=("code",)):
    return Source("essai.source", "essai", "source", "Essai", "", "", columns, {"cle": list(key)})


def column(name, pattern=None, **more):
    return Column(name, "", name, pattern, **more)


@pytest.fixture
def made(monkeypatch):
    """Rows of a source whose entry in sources.yml is given here."""

    def make(wanted, *columns, key=("code",)):
        monkeypatch.setitem(values.model()["sources"], "essai.source", wanted)
        return list(rows(source(*columns, key=key), PERIOD))

    return make


def test_the_product_of_the_dimensions_makes_the_rows(made):
    wanted = {
        "par": ["departement", {"sexe": {"1": "hommes", "2": "femmes"}}, {"annee": 2023}],
        "colonnes": {"code": "{departement.code}-{sexe.code}-{annee.code}", "sexe": "{sexe.libelle}"},
    }
    found = made(wanted, column("code"), column("sexe"))
    assert len(found) == 101 * 2 * 2
    assert found[0] == {"code": "01-1-2023", "sexe": "hommes"}


def test_a_dimension_is_filtered_both_ways(made):
    columns = {"colonnes": {"code": "{departement.code}"}, "par": ["departement"]}
    assert len(made(columns | {"sauf": {"{departement.code}": ["976"]}}, column("code"))) == 100
    only = made(columns | {"seulement": {"{departement.region}": ["94"]}}, column("code"))
    assert [row["code"] for row in only] == ["2A", "2B"]


def test_figures_lean_on_one_another_and_keep_to_their_bounds(made):
    wanted = {
        "par": ["departement"],
        "colonnes": {
            "code": "{departement.code}",
            "habitants": "{departement.habitants}",
            "moitie": {"part": 0.5, "de": "habitants"},
            "somme": {"somme": ["habitants", "moitie"]},
            "taux": {"autour": 5, "ecart": 4, "minimum": 1, "maximum": 6, "decimales": 1},
        },
    }
    found = made(wanted, *(column(name) for name in ("code", "habitants", "moitie", "somme", "taux")))
    for row in found:
        assert row["moitie"] == round(row["habitants"] / 2)
        assert row["somme"] == row["habitants"] + row["moitie"]
        assert 1 <= row["taux"] <= 6
    assert len({row["taux"] for row in found}) > 20


def test_empty_cells_and_masks_have_their_share_and_their_group(made):
    wanted = {
        "par": [{"rang": 2000}],
        "colonnes": {
            "code": "{rang.code}",
            "a": {"entre": [1, 9], "vides": 0.1, "sentinelle": 0.2, "groupe": "secret"},
            "b": {"entre": [1, 9], "vides": 0.1, "groupe": "secret"},
        },
    }
    found = made(wanted, column("code"), column("a", r"^\d$", sentinels=("ND",)), column("b", r"^\d$"))
    assert 0.07 < sum(row["a"] is None for row in found) / 2000 < 0.13
    assert 0.16 < sum(row["a"] == "ND" for row in found) / 2000 < 0.24
    assert all((row["a"] is None) == (row["b"] is None) for row in found)


def test_a_figure_depends_on_its_sheet_its_year_and_its_size(made):
    wanted = {
        "par": [{"feuille": {"A": "effectif", "B": "densite"}}, "region", {"annee": 2023}],
        "colonnes": {
            "code": {"avant": 2024, "de": "{region.code}", "puis": "{region.code}bis"},
            "valeur": {
                "selon": "{feuille.code}",
                "cas": {"A": {"quantite": "population", "masque_sous": 1_000_000}, "B": {"choix": ["x"]}},
            },
        },
    }
    code, figure = column("code"), column("valeur", r"^\d+$", sentinels=("ND",))
    found = made(wanted, code, figure, key=("_ligne",))
    assert {row["_feuille"] for row in found} == {"A", "B"}
    assert {row["valeur"] for row in found if row["_feuille"] == "B"} == {"x"}
    sheet = {row["code"]: row["valeur"] for row in found if row["_feuille"] == "A"}
    assert sheet["06"] == sheet["06bis"] == "ND"
    assert sheet["11"] == values.population("R11", 2023)
    assert sheet["11bis"] == values.population("R11", 2024)


def test_a_mandatory_column_without_a_word_is_drawn_from_its_contract(made):
    pattern = r"^(\d{2}|2[AB])-[a-f]{3}$"
    columns = [
        column("code", pattern, mandatory=True),
        column("jour", r"^\d{4}-\d{2}-\d{2}$", mandatory=True),
        column("nombre", r"^\d+$", mandatory=True, bounds=(10, 20)),
        column("libelle", mandatory=True),
        column("reste", r"^\d+$"),
    ]
    found = made({"par": [{"rang": 300}]}, *columns)
    assert all(re.fullmatch(pattern, row["code"]) for row in found)
    assert all(dt.date.fromisoformat(row["jour"]) <= PERIOD for row in found)
    assert {row["nombre"] for row in found} == set(range(10, 21))
    assert {(row["libelle"], row["reste"]) for row in found} == {("libelle d'essai", None)}


def test_a_drawn_key_never_comes_twice(made):
    found = made({"par": [{"rang": 8}]}, column("code", r"^[0-9]$", mandatory=True))
    assert len({row["code"] for row in found}) == 8


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"par": [{"rang": 11}]}, "clé .code. a trop peu de valeurs"),
        ({"par": ["canton"]}, "dimension inconnue « canton »"),
        ({"par": ["region"], "colonnes": {"code": "{departement.code}"}}, "« {departement.code} »"),
        ({"par": ["region"], "colonnes": {"autre": "1"}}, "colonnes que le contrat n'a pas .autre."),
        ({"par": ["region"], "colonnes": {"code": {"hasard": 1}}}, "colonne « code » : aucun de"),
    ],
)
def test_a_mistake_in_the_table_of_sources_is_named(made, wanted, message):
    with pytest.raises(ConfigurationError, match=message):
        made(wanted, column("code", r"^[0-9]$", mandatory=True))
