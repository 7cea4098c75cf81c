"""Where the edition of a fetched file is read, when the file does not say it."""

import pytest

from acces_soins.errors import RefusedInput
from acces_soins.extraction import Download
from acces_soins.readers.model import ReadResult
from acces_soins.reception import Arrival, edition_of

BAROMETER = "ditp.barometre_ind_312"


def edition(source, tmp_path, **known):
    arrival = Arrival(Download(tmp_path / "essai.csv", url="essai:", **known))
    return edition_of(source, "essai.csv", arrival, ReadResult(1, "utf-8"), tmp_path / "table.parquet")


def test_a_file_overwritten_without_a_date_is_named_after_its_upload(source, tmp_path):
    found = edition(source(BAROMETER), tmp_path, producer_date="2024-03-29T06:00:00+00:00")
    assert found == "2024-03-29"


def test_without_the_producers_date_it_is_refused(source, tmp_path):
    with pytest.raises(RefusedInput, match="--edition"):
        edition(source(BAROMETER), tmp_path)


def test_the_edition_of_a_vintage_stands_beside_its_address(source, tmp_path):
    assert edition(source("insee.populations_reference"), tmp_path) == "2023"
