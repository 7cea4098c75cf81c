"""data.gouv.fr, API v1: the most recent resource of a data set whose name matches ``piece``."""

import hashlib
import re
from pathlib import Path

from acces_soins.catalog import Source
from acces_soins.errors import PortalError
from acces_soins.extraction import http
from acces_soins.extraction.model import (
    Download,
    Previous,
    Unchanged,
    expected_of,
    file_name,
    named_by,
    plain,
)
from acces_soins.settings import get_settings

# Names that the portal gives to checksums → hashlib's.
CHECKSUMS = {"sha1": "sha1", "sha2": "sha256", "sha256": "sha256", "md5": "md5"}


def fetch(source: Source, previous: Previous | None, folder: Path) -> Unchanged | Download:
    """The resource, checked against its announced size and checksum, unless it was received before."""
    settings = get_settings()
    api = http.rebase(f"{source.portal}/api/1/datasets/{source.dataset}/", settings)
    with named_by(source, "jeu"):
        dataset = http.get_json(api)
    resources = [r for r in dataset.get("resources") or [] if r.get("url")]
    resource = _choose(resources, source, api)
    url = http.rebase(resource["url"], settings)
    producer_date = resource.get("last_modified")
    if _same_hash(previous, resource):
        reason = "empreinte annoncée par le portail inchangée"
        return Unchanged(reason, file_name(url), producer_date)
    if _same_date(previous, url, resource):
        return Unchanged(f"date du producteur inchangée ({producer_date})")
    received = http.download(url, folder, file_name(url), expected_of(source))
    _verify(received.path, resource, url)
    return Download(
        path=received.path,
        url=url,
        etag=received.etag,
        last_modified=received.last_modified,
        licence=dataset.get("license") or source.meta.get("licence"),
        producer_date=producer_date,
    )


def _choose(resources: list[dict], source: Source, api: str) -> dict:
    pattern = re.compile(source.meta["piece"])
    matching = [r for r in resources if any(pattern.search(plain(name)) for name in _names(r))]
    if matching:
        return max(matching, key=lambda r: r.get("last_modified") or "")
    listed = ", ".join(f"« {' / '.join(_names(r))} »" for r in resources) or "aucune"
    raise PortalError(
        f"{api} : aucune ressource ne répond au motif « {source.meta['piece']} » (trouvé : {listed}) ; "
        f"corriger « piece » de {source.id} dans le catalogue des sources."
    )


def _names(resource: dict) -> tuple[str, str]:
    return resource.get("title") or "", file_name(resource["url"])


def _same_hash(previous: Previous | None, resource: dict) -> bool:
    return previous is not None and _checksum(resource) == ("sha256", previous.sha256)


def _same_date(previous: Previous | None, url: str, resource: dict) -> bool:
    """Whether the resource is at the address, and of the day, of the one already received."""
    date, size = resource.get("last_modified"), resource.get("filesize")
    if previous is None or date is None or (previous.url, previous.producer_date) != (url, date):
        return False
    # A date that stays although the size moved is not to be believed.
    return size in (None, previous.bytes)


def _checksum(resource: dict) -> tuple[str | None, str]:
    """Kind (a name of hashlib, or None) and value of the announced checksum."""
    announced = resource.get("checksum") or {}
    return CHECKSUMS.get(announced.get("type", "")), (announced.get("value") or "").lower()


def _verify(path: Path, resource: dict, url: str) -> None:
    """Raise PortalError, and remove the file, when size or checksum is not the announced one."""
    announced, received = resource.get("filesize"), path.stat().st_size
    if announced and announced != received:
        _refuse(path, url, f"{received} octets reçus, {announced} annoncés")
    kind, value = _checksum(resource)
    if not (kind and value):
        return
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, kind).hexdigest()
    if digest != value:
        _refuse(path, url, f"empreinte {kind} {digest} reçue, {value} annoncée")


def _refuse(path: Path, url: str, what: str) -> None:
    path.unlink()
    raise PortalError(f"{url} : {what} ; relancer l'extraction, puis prévenir le portail si l'écart demeure.")
