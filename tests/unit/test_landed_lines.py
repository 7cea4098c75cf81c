"""Which lines and cells of a landed file a figure is told to come from, and which are never told."""

import datetime as dt
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acces_soins import landed_lines
from acces_soins.catalog import get_source

DAY = dt.date(2026, 6, 30)
SOLIDARITY = "ministere.solidarite_territoriale"
RATES = "ameli.patients_longueduree_infra_annuelle"


def figure(**known):
    row = {
        "code_indicateur": "essai",
        "niveau": "departement",
        "code_territoire": "2A",
        "date_reference": DAY,
    }
    row |= {"valeur": None, "numerateur": None, "denominateur": None, "statut": "observe", "motif": None}
    return row | {"statut_conf": "libre"} | known


@pytest.fixture
def landed(tmp_path):
    """A landed table of that source: the columns that a row leaves out are empty."""

    def land(source_id, rows):
        names = [column.name for column in get_source(source_id).columns]
        whole = [dict.fromkeys((*names, "_feuille")) | row for row in rows]
        schema = pa.schema([("_ligne", pa.int64()), *((name, pa.string()) for name in whole[0])])
        numbered = [{"_ligne": 2 + rank} | row for rank, row in enumerate(whole)]
        pq.write_table(pa.Table.from_pylist(numbered, schema=schema), tmp_path / "t.parquet")
        return get_source(source_id), SimpleNamespace(table=tmp_path / "t.parquet", rows=len(rows))

    return land


@pytest.fixture
def acts(landed):
    def row(code, count):
        return {"departement": code, "date_situation": "2026-06-30", "nb_consultations": count}

    return landed(SOLIDARITY, [row("2A", "7"), row("2B", "40"), row("971", "300")])


def test_a_figure_is_told_with_its_cell(acts):
    shown = figure(valeur=40.0, code_territoire="2B", statut_conf="libre_selon_le_seuil")
    assert landed_lines.describe(*acts, shown) == "ligne 3, colonne nb_consultations = 40"


@pytest.mark.parametrize("rule", ["secret_primaire", "secret_secondaire"])
def test_of_a_figure_under_our_secret_the_line_is_told_and_no_cell(acts, rule):
    hidden = figure(statut="masque", motif="secret", statut_conf=rule)
    assert landed_lines.describe(*acts, hidden) == "ligne 2 ; contenu couvert par le secret"
    assert landed_lines.parts_elsewhere(*acts, hidden | {"valeur": 300.0}) is None


def test_of_a_deposit_under_the_rule_no_other_cell_than_the_figure_s_is_told(acts):
    """A year's total is not on the line of its last quarter, which may be masked."""
    year = figure(valeur=90.0, statut_conf="libre_selon_le_seuil")
    assert landed_lines.describe(*acts, year) == "ligne 2"


def test_of_public_data_the_only_line_is_told_whole_and_a_mask_by_its_sign(landed):
    def row(code, rate):
        return {"departement": code, "date": "2026-06-30", "taux_patients_ald_sans_mt": rate}

    rates = landed(RATES, [row("2A", "4.4"), row("976", "NC")])
    assert landed_lines.describe(*rates, figure(valeur=18238.0, statut="estime")) == (
        "ligne 2 ; date = 2026-06-30 ; departement = 2A ; taux_patients_ald_sans_mt = 4.4"
    )
    masked = figure(
        code_territoire="976", statut="masque", motif="NC", statut_conf="masque_par_le_producteur"
    )
    assert landed_lines.describe(*rates, masked) == "ligne 3, colonne taux_patients_ald_sans_mt = NC"


def test_a_region_without_rows_has_those_of_its_departements_and_france_has_them_all(acts):
    region = figure(niveau="region", code_territoire="94", valeur=47.0)
    assert landed_lines.describe(*acts, region).startswith("2 lignes, de la 2 à la 3")
    france = figure(niveau="france", code_territoire="FR", valeur=347.0)
    assert landed_lines.describe(*acts, france) == (
        "aucune n'est propre à ce territoire : le chiffre est fait de 3 lignes, de la 2 à la 4"
    )


def test_a_part_in_another_file_is_found_unless_chance_would_find_it_too(acts):
    assert landed_lines.parts_elsewhere(*acts, figure(code_territoire="971", denominateur=300.0)) == (
        "ligne 4, colonne nb_consultations = 300"
    )
    assert landed_lines.parts_elsewhere(*acts, figure(denominateur=7.0)) is None
