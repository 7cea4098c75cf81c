"""A reading starts at once: pandas, which DuckDB and pyarrow import at need, costs more than most files."""

import datetime as dt
import subprocess
import sys

import pytest

from acces_soins.trial import layouts

READ = """
import sys
from pathlib import Path

from acces_soins import readers
from acces_soins.catalog import get_source

source, path = get_source(sys.argv[1]), Path(sys.argv[2])
readers.read(readers.Request(source, path, path.name), path.with_name("table.parquet"))
print("pandas" in sys.modules)
"""


@pytest.mark.parametrize(
    "source_id",
    [
        "ameli.assistants_medicaux_infra_annuelle",
        "finess.activites",
        "insee.ds_estimation_population",
    ],
)
def test_a_reading_does_not_import_pandas(source_id, source, tmp_path):
    extract = layouts.extract(source(source_id), dt.date(2026, 11, 1))
    path = tmp_path / extract.filename
    path.write_bytes(extract.bytes)
    done = subprocess.run(
        [sys.executable, "-c", READ, source_id, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "False", done.stderr
