"""Opendatasoft, Explore v2.1: CSV exports, and attachments found through the metadata."""

import re
from datetime import UTC, datetime
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

EXPORT = "exports/csv?delimiter=%3B&use_labels=false&timezone=UTC"
EXPORT_DATES = ("modified", "data_processed")
# A new attachment changes neither the records nor, always, the hand-kept date of the data.
ATTACHMENT_DATES = (*EXPORT_DATES, "metadata_processed")
DATE_IN_NAME = re.compile(r"(?<!\d)(20\d{2})(?:[-_. ]?(0[1-9]|1[0-2])(?:[-_. ]?([0-2]\d|3[01]))?)?(?!\d)")


def fetch_export(source: Source, previous: Previous | None, folder: Path) -> Unchanged | Download:
    """The whole data set as CSV (``;``, column names, UTC), unless its dates did not move."""
    base = _dataset_url(source)
    metas = _metas(source, base)
    url = f"{base}/{EXPORT}"
    producer_date, rows = _latest(metas, EXPORT_DATES), metas.get("records_count")
    # A date that stays although the number of rows moved is not to be believed.
    if _already_received(previous, url, producer_date) and rows in (None, previous.rows):
        return Unchanged(f"date du producteur inchangée ({producer_date})")
    received = http.download(url, folder, f"{source.dataset}.csv", expected_of(source))
    return Download(
        path=received.path,
        url=url,
        etag=received.etag,
        last_modified=received.last_modified,
        licence=metas.get("license"),
        producer_date=producer_date,
        announced_rows=rows,
    )


def fetch_attachment(source: Source, previous: Previous | None, folder: Path) -> Unchanged | Download:
    """The attachment that ``piece`` names, unless the data set's dates or its validators did not move."""
    base = _dataset_url(source)
    metas = _metas(source, base)
    attachment = _choose(http.get_json(f"{base}/attachments").get("attachments", []), source, base)
    url = f"{base}/attachments/{attachment['id']}"
    producer_date = _latest(metas, ATTACHMENT_DATES)
    if _already_received(previous, url, producer_date):
        return Unchanged(f"date du producteur inchangée ({producer_date})")
    # The date of the metadata alone may move for a comma: the validators then spare the download.
    data_moved = previous and _is_later(_latest(metas, EXPORT_DATES), previous.producer_date)
    known = previous if previous and previous.url == url and not data_moved else None
    received = http.download(url, folder, file_name(attachment["filename"]), expected_of(source), known)
    if isinstance(received, http.NotModified):
        return Unchanged("le portail répond que le fichier n'a pas changé")
    return Download(
        path=received.path,
        url=url,
        etag=received.etag,
        last_modified=received.last_modified,
        licence=metas.get("license"),
        producer_date=producer_date,
    )


def _dataset_url(source: Source) -> str:
    url = f"{source.portal}/api/explore/v2.1/catalog/datasets/{source.dataset}"
    return http.rebase(url, get_settings())


def _metas(source: Source, url: str) -> dict:
    """The ``metas.default`` of a data set."""
    with named_by(source, "jeu"):
        metas = (http.get_json(url).get("metas") or {}).get("default")
    if not isinstance(metas, dict):
        raise PortalError(
            f"{url} : la réponse n'a pas de métadonnées « metas.default » ; "
            "vérifier l'identifiant du jeu dans le catalogue des sources."
        )
    return metas


def _latest(metas: dict, names: tuple[str, ...]) -> str | None:
    """The latest of those dates, as written by the portal; None when it gives none that can be read."""
    dates = [metas[name] for name in names if _moment(metas.get(name))]
    return max(dates, key=_moment, default=None)


def _moment(iso_date: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(iso_date or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_later(date: str | None, than: str | None) -> bool:
    moment, before = _moment(date), _moment(than)
    return moment is not None and before is not None and moment > before


def _already_received(previous: Previous | None, url: str, producer_date: str | None) -> bool:
    if previous is None or producer_date is None:
        return False
    return previous.url == url and previous.producer_date == producer_date


def _choose(attachments: list[dict], source: Source, base: str) -> dict[str, str]:
    """The one attachment whose id, title or file name matches ``piece``; of several, the latest dated."""
    found = [_describe(attachment) for attachment in attachments]
    matching = [a for a in found if any(re.search(source.meta["piece"], plain(v)) for v in a.values())]
    if len(matching) == 1:
        return matching[0]
    dates = {attachment["id"]: _date_in_names(attachment) for attachment in matching}
    latest = [a for a in matching if dates[a["id"]] == max(dates.values())]
    # An undated one may be the newest: dates decide only when every candidate has one.
    if len(latest) == 1 and all(dates.values()):
        return latest[0]
    listed = ", ".join(f"« {a['title']} » ({a['id']})" for a in matching or found) or "aucune"
    what = "plusieurs pièces jointes répondent" if matching else "aucune pièce jointe ne répond"
    raise PortalError(
        f"{base}/attachments : {what} au motif « {source.meta['piece']} » (trouvé : {listed}) ; "
        f"corriger « piece » de {source.id} dans le catalogue des sources."
    )


def _describe(attachment: dict) -> dict[str, str]:
    """Id, title and file name of an entry ``{href, metas: {id, title, url: odsfile://…, mime-type}}``."""
    metas = attachment.get("metas") or {}
    identifier = metas.get("id") or file_name(attachment.get("href", "").rstrip("/"))
    title = metas.get("title") or identifier
    filename = (metas.get("url") or "").removeprefix("odsfile://") or title
    return {"id": identifier, "title": title, "filename": filename}


def _date_in_names(attachment: dict[str, str]) -> tuple[str, ...]:
    """Latest year, month, day written in the names, as sortable text; empty when there is none."""
    dates = (match for name in attachment.values() for match in DATE_IN_NAME.finditer(name))
    return max((match.groups(default="") for match in dates), default=())
