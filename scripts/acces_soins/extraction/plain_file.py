"""A file at a fixed address: a conditional request, with the validators of the last one."""

from pathlib import Path

from acces_soins.catalog import Source
from acces_soins.extraction import http, policy
from acces_soins.extraction.model import Download, Previous, Unchanged, expected_of, file_name, named_by
from acces_soins.settings import get_settings


def fetch(source: Source, previous: Previous | None, folder: Path) -> Unchanged | Download:
    """The file, unless its ETag or Last-Modified is that of the one already received."""
    url = http.rebase(f"{source.portal}{source.meta['chemin']}", get_settings())
    # Validators belong to an address: those of the last vintage say nothing of this one.
    known = previous if previous and previous.url == url else None
    with named_by(source, "chemin"):
        received = http.download(url, folder, file_name(url), expected_of(source), known)
    if isinstance(received, http.NotModified):
        return Unchanged("le portail répond que le fichier n'a pas changé")
    return Download(
        path=received.path,
        url=url,
        etag=received.etag,
        last_modified=received.last_modified,
        licence=source.meta.get("licence"),
        producer_date=policy.iso_date(received.last_modified),
    )
