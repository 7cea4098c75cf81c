"""Packed files: what is inside is read, and a bad package is refused with one sentence."""

import gzip
import io
import zipfile
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from acces_soins.errors import RefusedInput
from acces_soins.readers import Request, packing, read

REGIONS = b"REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE\n01,97105,3,GUADELOUPE,Guadeloupe,Guadeloupe\n"
ZIPPED = {"membre": r"^v_region.*\.csv$"}
GZIPPED = {"compression": "gzip"}


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"dossier/{name}", content)
    return stream.getvalue()


@pytest.fixture
def read_packed(tmp_path, source):
    """Read bytes as a file of the régions whose contract says how it is packed."""

    def run(reading, content):
        path = tmp_path / "arrivee" / "regions"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        regions = source("insee.cog_regions")
        packed = replace(regions, meta=regions.meta | {"lecture": regions.reading | reading})
        target = tmp_path / "table.parquet"
        read(Request(packed, path, "regions"), target)
        return pq.read_table(target).to_pylist()

    yield run
    assert not list(tmp_path.glob("deballe-*"))


@pytest.mark.parametrize(
    ("reading", "content"),
    [
        (ZIPPED, zipped(**{"v_region_2026.csv": REGIONS, "lisezmoi.txt": b"notice"})),
        (GZIPPED, gzip.compress(REGIONS)),
        (ZIPPED, REGIONS),
        (GZIPPED, REGIONS),
    ],
    ids=["zip", "gzip", "fichier nu au lieu du zip", "fichier nu au lieu du gzip"],
)
def test_what_is_inside_is_read(read_packed, reading, content):
    (row,) = read_packed(reading, content)
    assert row["libelle"] == "Guadeloupe"


@pytest.mark.parametrize(
    ("reading", "content", "sentence"),
    [
        (ZIPPED, zipped(**{"autre.csv": REGIONS}), "contenu de l'archive : attendu un seul fichier nommé"),
        (
            ZIPPED,
            zipped(**{"v_region_2025.csv": REGIONS, "v_region_2026.csv": REGIONS}),
            "trouvé dossier/v_region_2025.csv, dossier/v_region_2026.csv",
        ),
        (ZIPPED, zipped(**{"v_region_2026.csv": REGIONS})[:-30], "une archive abîmée"),
        (GZIPPED, gzip.compress(REGIONS)[:-12], "une archive abîmée"),
        (GZIPPED, gzip.compress(REGIONS)[:-8] + b"\0" * 8, "une archive abîmée"),
    ],
    ids=["membre absent", "deux membres", "zip tronqué", "gzip tronqué", "somme fausse"],
)
def test_a_bad_package_is_refused(read_packed, reading, content, sentence):
    with pytest.raises(RefusedInput, match=r"Vérifier|nouveau") as refusal:
        read_packed(reading, content)
    assert sentence in str(refusal.value)


def test_a_bomb_is_refused_before_it_fills_the_disk(read_packed, monkeypatch):
    monkeypatch.setattr(packing, "LARGEST_UNPACKED_BYTES", 10)
    with pytest.raises(RefusedInput, match="L'archive est piégée"):
        read_packed(GZIPPED, gzip.compress(REGIONS))


def test_a_workbook_deposited_alone_is_no_package(tmp_path, source):
    path = tmp_path / "passage.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
    table = source("insee.table_passage")
    with packing.unpacked(Request(table, path, path.name), tmp_path) as inner:
        assert inner == path
