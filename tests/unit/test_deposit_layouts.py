"""What partners are told of their files is what the contracts ask of them."""

import re

import pytest

from acces_soins.catalog import load_sources
from acces_soins.settings import PROJECT

DEPOSITED = [source for source in load_sources().values() if source.is_deposited]
PAGE = (PROJECT / "docs" / "depots.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([\w.]+)`\n(.*?)(?=^### |\Z)", PAGE, re.M | re.S))


def test_the_page_has_the_deposited_tables_and_no_other():
    assert sorted(SECTIONS) == sorted(source.id for source in DEPOSITED)


@pytest.mark.parametrize("source", DEPOSITED, ids=lambda source: source.id)
def test_the_page_gives_the_columns_of_the_contract(source):
    shown = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", SECTIONS[source.id], re.M)
    expected = [
        # A header of which several spellings are known is shown by its name.
        (
            c.name if c.header.startswith("^") else c.header,
            "obligatoire" if c.mandatory else "facultatif",
            c.description,
        )
        for c in source.columns
    ]
    assert shown == expected


@pytest.mark.parametrize("source", DEPOSITED, ids=lambda source: source.id)
def test_the_page_gives_the_description_the_cadence_and_the_key(source):
    text = SECTIONS[source.id]
    assert source.description in text
    assert f"Cadence {source.cadence}." in text
    assert "Clé : " + ", ".join(f"`{name}`" for name in source.key) + "." in text


@pytest.mark.parametrize("source", DEPOSITED, ids=lambda source: source.id)
def test_a_deposited_table_holds_nobody(source):
    words = {word for column in source.columns for word in column.name.split("_")}
    assert not words & {"nom", "prenom", "rpps", "nir", "adresse", "telephone", "courriel"}
