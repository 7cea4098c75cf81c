"""Packed files: the landing keeps them as received, the readers see what is inside.

A contract says ``lecture: {membre: '<pattern over the names in the zip>'}`` or
``lecture: {compression: gzip}``. A file that is not packed is read as it is: a partner may deposit
the inner file alone.
"""

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from acces_soins.errors import RefusedInput
from acces_soins.readers.model import Request

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
WORKBOOK_PART = "[Content_Types].xml"
# A bomb is refused before it fills the disk: the largest known file unpacks to 1.5 GB.
LARGEST_UNPACKED_BYTES = 8 << 30
CHUNK = 1 << 20


@contextmanager
def unpacked(request: Request, folder: Path) -> Iterator[Path]:
    """The file to read, unpacked beside the table when it is packed; what was unpacked goes afterwards.

    Raises RefusedInput when the package is broken, too large, or does not hold the one member.
    """
    opener = _opener(request)
    if opener is None:
        yield request.path
        return
    inner = folder / f"deballe-{request.path.name}"
    try:
        try:
            with opener(request) as packed, inner.open("wb") as stream:
                _copy(request, packed, stream)
        except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise RefusedInput(
                request.name,
                "fichier entier",
                "une archive lisible jusqu'au bout",
                f"une archive abîmée ({error})",
                "Télécharger le fichier de nouveau ; il est peut-être tronqué.",
            ) from error
        yield inner
    finally:
        inner.unlink(missing_ok=True)


def _opener(request: Request):
    reading = request.source.reading
    with request.path.open("rb") as stream:
        magic = stream.read(4)
    # A workbook is a zip too: deposited alone, it is not the package that the portal gives.
    if reading.get("membre") and magic == ZIP_MAGIC and not _is_workbook(request.path):
        return _open_member
    if reading.get("compression") == "gzip" and magic[:2] == GZIP_MAGIC:
        return _open_gzip
    return None


def _is_workbook(path: Path) -> bool:
    return zipfile.is_zipfile(path) and WORKBOOK_PART in zipfile.ZipFile(path).namelist()


@contextmanager
def _open_member(request: Request) -> Iterator[IO[bytes]]:
    pattern = request.source.reading["membre"]
    with zipfile.ZipFile(request.path) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        found = [name for name in names if re.search(pattern, name.rpartition("/")[2])]
        if len(found) != 1:
            raise RefusedInput(
                request.name,
                "contenu de l'archive",
                f"un seul fichier nommé comme « {pattern} »",
                ", ".join(names) or "une archive vide",
                "Vérifier que c'est la bonne archive ; si le producteur a renommé son fichier, "
                "corriger « membre » au catalogue.",
            )
        with archive.open(found[0]) as stream:
            yield stream


@contextmanager
def _open_gzip(request: Request) -> Iterator[IO[bytes]]:
    with gzip.open(request.path) as stream:
        yield stream


def _copy(request: Request, packed: IO[bytes], stream: IO[bytes]) -> None:
    count = 0
    while chunk := packed.read(CHUNK):
        count += len(chunk)
        if count > LARGEST_UNPACKED_BYTES:
            raise RefusedInput(
                request.name,
                "fichier entier",
                f"au plus {LARGEST_UNPACKED_BYTES >> 20} Mo une fois déballé",
                "davantage",
                "L'archive est piégée ou n'est pas la bonne : ne pas la déballer.",
            )
        stream.write(chunk)
