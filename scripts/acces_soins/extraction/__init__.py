"""Extraction: ask the portal what it holds, and download it only if it changed."""

import hashlib
from pathlib import Path

from acces_soins.catalog import Source
from acces_soins.errors import ConfigurationError
from acces_soins.extraction import datagouv, opendatasoft, plain_file
from acces_soins.extraction.model import Download, Previous, Unchanged

__all__ = ["Download", "Previous", "Unchanged", "fetch"]

PROTOCOLS = {
    "opendatasoft": opendatasoft.fetch_export,
    "piece_jointe": opendatasoft.fetch_attachment,
    "datagouv": datagouv.fetch,
    "fichier": plain_file.fetch,
}


def fetch(source: Source, previous: Previous | None, folder: Path) -> Unchanged | Download:
    """Download the source's file into ``folder`` (created if need be), unless nothing changed.

    Args:
        previous: manifest of the last good edition, or None on the first night.

    Raises PortalError (the portal did not give the file) and ConfigurationError (unknown protocol).
    """
    if source.protocol not in PROTOCOLS:
        raise ConfigurationError(
            f"{source.id} : protocole inconnu « {source.protocol} » ; connus : {', '.join(PROTOCOLS)}."
        )
    result = PROTOCOLS[source.protocol](source, previous, folder)
    if isinstance(result, Download) and previous and _sha256(result.path) == previous.sha256:
        result.path.unlink()
        return Unchanged("contenu identique (même empreinte sha256)")
    return result


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
