"""Labels in place of names: accepted only where the contract, or the deposit, declares them."""

import pytest

from acces_soins.errors import RefusedInput
from acces_soins.readers import Request, read

NAMES = "REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE\n01,97105,3,GUADELOUPE,Guadeloupe,Guadeloupe\n"
LABELS = NAMES.replace("LIBELLE", "Nom avec article", 1)


@pytest.fixture
def regions(tmp_path, source):
    def run(text, **declared):
        path = tmp_path / "v_region_2026.csv"
        path.write_text(text)
        request = Request(source("insee.cog_regions"), path, path.name, **declared)
        return read(request, tmp_path / "table.parquet")

    return run


def test_labels_are_refused_with_what_to_declare(regions):
    with pytest.raises(RefusedInput) as refusal:
        regions(LABELS)
    assert "attendu une ligne d'entête avec la colonne « LIBELLE »" in str(refusal.value)
    assert "« REG, CHEFLIEU, TNCC, NCC, NCCENR, Nom avec article »" in str(refusal.value)
    assert "déclarer les alias" in str(refusal.value)


def test_labels_that_the_contract_declares_are_accepted(regions, source, monkeypatch):
    monkeypatch.setitem(source("insee.cog_regions").meta, "alias", {"nom avec ARTICLE": "LIBELLE"})
    assert regions(LABELS).unexpected == ()
    assert regions(NAMES).unexpected == ()


def test_a_deposit_adds_its_own(regions, source, monkeypatch):
    monkeypatch.setitem(source("insee.cog_regions").meta, "alias", {"Code région": "REG"})
    assert regions(LABELS, aliases={"Nom avec article": "LIBELLE"}).rows == 1
