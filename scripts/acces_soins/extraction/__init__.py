"""Extraction: ask the portal what it holds, and download it only if it changed."""

import datetime as dt
import zlib
from pathlib import Path

from acces_soins.catalog import Source
from acces_soins.errors import ConfigurationError
from acces_soins.extraction import datagouv, melodi, opendatasoft, plain_file
from acces_soins.extraction.model import Download, Previous, Unchanged
from acces_soins.settings import get_settings

__all__ = ["Download", "Previous", "Unchanged", "fetch"]

VERIFICATION_DAYS = 7
PROTOCOLS = {
    "opendatasoft": opendatasoft.fetch_export,
    "piece_jointe": opendatasoft.fetch_attachment,
    "datagouv": datagouv.fetch,
    "fichier": plain_file.fetch,
    "melodi": melodi.fetch,
}


def fetch(source: Source, previous: Previous | None, folder: Path) -> Unchanged | Download:
    """Download the source's file into ``folder`` (made if need be), unless the portal says it did not move.

    The same bytes under a new date or a new ETag are told by the reception, which knows every edition.

    Args:
        previous: manifest of the last good edition, or None on the first night.

    Raises PortalError (the portal did not give the file) and ConfigurationError (unknown protocol).
    """
    if source.protocol not in PROTOCOLS:
        raise ConfigurationError(
            f"{source.id} : protocole inconnu « {source.protocol} » ; connus : {', '.join(PROTOCOLS)}."
        )
    known = None if is_verification_day(source, get_settings().today) else previous
    return PROTOCOLS[source.protocol](source, known, folder)


def is_verification_day(source: Source, day: dt.date) -> bool:
    """Whether the file is downloaded whatever the portal says of it: dates and validators may lie.

    One day in ``verification_jours`` (contract, else VERIFICATION_DAYS), spread over the sources by
    their names, so that no state is kept and no night downloads them all.
    """
    every = source.meta.get("verification_jours", VERIFICATION_DAYS)
    return (day.toordinal() + zlib.crc32(source.id.encode())) % every == 0
