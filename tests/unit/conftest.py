"""What unit tests share: a way to land some bytes."""

import pytest

from acces_soins import landing
from acces_soins.landing import Manifest


@pytest.fixture
def land(tmp_path, source):
    """Land some bytes as an edition of a source."""

    def run(source_id, edition, content, url="essai:"):
        original, table = tmp_path / "fichier.csv", tmp_path / "table.parquet"
        original.write_bytes(content)
        table.write_bytes(b"table")
        manifest = Manifest(
            source=source_id,
            edition=edition,
            fichier="fichier.csv",
            sha256=landing.sha256_of(original),
            bytes=len(content),
            url=url,
            fetched_at=landing.now(),
        )
        return landing.admit(source(source_id), manifest, original, table)

    return run
