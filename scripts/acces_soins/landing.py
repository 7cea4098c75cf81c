"""The raw zone: immutable, content-addressed editions, chained manifests, and the quarantine.

``brut/<producteur>/<table>/<edition>/<sha12>/`` holds the file as received, ``manifest.json`` and
``table.parquet``. An edition appears whole (one rename) or not at all, and is never overwritten.
"""

import datetime as dt
import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from acces_soins import durable, ledger
from acces_soins.catalog import EDITION_PATTERN, Source, edition_date, load_sources
from acces_soins.errors import AccesSoinsError, ConfigurationError, RefusedInput
from acces_soins.settings import get_settings

MANIFEST, TABLE, PRUNED = "manifest.json", "table.parquet", "elague.json"
DEPOSIT, SEEN = "depot:", ".vu.json"


@dataclass(frozen=True)
class Manifest:
    """Where an edition comes from and what it holds; ``precedent`` chains it to the one before."""

    source: str
    edition: str
    fichier: str
    sha256: str
    bytes: int
    url: str
    fetched_at: str
    etag: str | None = None
    last_modified: str | None = None
    licence: str | None = None
    producer_date: str | None = None
    encoding: str | None = None
    separator: str | None = None
    rows: int = 0
    columns: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    perimetre: str | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    rang: int = 0
    precedent: str | None = None
    table_sha256: str | None = None

    @property
    def folder(self) -> Path:
        return _source_folder_of(self.source) / self.edition / self.sha256[:12]

    @property
    def path(self) -> Path:
        """Where this manifest is written: bytes that came back have one more manifest beside the first."""
        returned = self.folder / f"manifest-{self.rang}.json"
        return returned if returned.exists() else self.folder / MANIFEST

    @property
    def table(self) -> Path:
        return self.folder / TABLE

    @property
    def pruned(self) -> bool:
        """The bytes are gone by the rule of retention; what this manifest tells of them stays."""
        return (self.folder / PRUNED).exists()

    @property
    def keeps_bytes(self) -> bool:
        """False once everything is gone; a run killed while it pruned leaves some."""
        return self.table.exists() or (self.folder / self.fichier).exists()

    @property
    def was_deposited(self) -> bool:
        return self.url.startswith(DEPOSIT)

    @property
    def date(self) -> dt.date:
        """Day that the edition speaks of; a source that left the catalogue has no day of its own."""
        source = load_sources().get(self.source)
        return source.date_of(self.edition) if source else edition_date(self.edition)


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def manifests(source: Source) -> list[Manifest]:
    """Every landed edition of a source, in the order of their arrival."""
    paths = manifest_paths(source_folder(source))
    return sorted((read_manifest(path) for path in paths), key=lambda manifest: manifest.rang)


def manifest_paths(folder: Path) -> list[Path]:
    """Every manifest below the folder of a source, in no order that counts."""
    return sorted(folder.glob("*/*/manifest*.json"))


def chain_heads() -> dict[str, str]:
    """Of each source that has an edition, the hash of its last manifest: it holds the whole chain."""
    last = {source.id: latest(source) for source in load_sources().values()}
    return {source: sha256_of(manifest.path) for source, manifest in last.items() if manifest}


def latest(source: Source) -> Manifest | None:
    """The last edition that arrived, or None."""
    return (manifests(source) or [None])[-1]


def last_seen(source: Source) -> Manifest | None:
    """The last manifest, with what the portal said of the same bytes since (``note_seen``)."""
    manifest = latest(source)
    path = source_folder(source) / SEEN
    if manifest is None or not path.exists():
        return manifest
    try:
        seen = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return manifest  # torn by a full disk: the file is then downloaded once more
    same = seen.pop("sha256", None) == manifest.sha256
    return replace(manifest, **seen) if same else manifest


def note_seen(source: Source, sha256: str, **said: str | None) -> None:
    """Remember the validators (url, etag, last_modified, producer_date) of bytes that are landed already.

    A portal that touches a file without changing it would otherwise be asked for it every night.
    """
    durable.write_json(source_folder(source) / SEEN, {"sha256": sha256, **said})


def find(source: Source, sha256: str) -> Manifest | None:
    """The last manifest of exactly these bytes, or None."""
    return next((m for m in reversed(manifests(source)) if m.sha256 == sha256), None)


def counting(source: Source) -> list[Manifest]:
    """The editions that a build reads: the last arrival of each, or of the most recent only."""
    by_edition = {manifest.edition: manifest for manifest in manifests(source) if not manifest.pruned}
    kept = sorted(by_edition.values(), key=lambda manifest: (manifest.date, manifest.rang))
    return kept if source.reads_every_edition else kept[-1:]


def admit(source: Source, manifest: Manifest, original: Path, table: Path) -> Manifest:
    """Move a checked file and its table into the raw zone; returns the manifest as chained.

    The same bytes twice make one entry: the first manifest is returned unchanged.
    """
    check_edition(manifest.edition)
    with _locked(source):
        if landed := find(source, manifest.sha256):
            return landed
        chained = replace(_chained(source, manifest), table_sha256=sha256_of(table))
        staging = _new_folder(source_folder(source) / ".arrivee")
        kept = staging / chained.fichier
        shutil.move(original, kept)
        kept.chmod(0o600)
        shutil.move(table, staging / TABLE)
        durable.write_json(staging / MANIFEST, asdict(chained))
        chained.folder.parent.mkdir(parents=True, exist_ok=True)
        _tell(chained, staging / MANIFEST)
        durable.put_in_place(staging, chained.folder)
    return chained


def readmit(source: Source, landed: Manifest, fetched_at: str) -> Manifest | None:
    """A producer took back a revision: the older bytes of an edition count again, with a new manifest.

    Returns None when those bytes are the ones that count already.
    """
    with _locked(source):
        if landed.pruned or _last_of(source, landed.edition).sha256 == landed.sha256:
            return None
        chained = _chained(source, replace(landed, fetched_at=fetched_at))
        draft = source_folder(source) / ".manifeste"
        durable.write_json(draft, asdict(chained))
        _tell(chained, draft)
        durable.put_in_place(draft, chained.folder / f"manifest-{chained.rang}.json")
    return chained


def prune(source: Source, manifest: Manifest, reason: str) -> None:
    """Remove the bytes of an edition and say so beside its manifest, which stays."""
    with _locked(source):
        durable.write_json(
            manifest.folder / PRUNED, {"elague_le": now(), "octets": manifest.bytes, "raison": reason}
        )
        (manifest.folder / manifest.fichier).unlink(missing_ok=True)
        manifest.table.unlink(missing_ok=True)


def quarantine(source: Source, original: Path, refusal: RefusedInput, url: str) -> Path:
    """Keep a refused file aside with the reason; the same bytes are kept once."""
    sha256 = sha256_of(original)
    folder = get_settings().quarantine / source.producer / source.table / sha256[:12]
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / original.name
    shutil.move(original, kept)
    kept.chmod(0o600)
    durable.write_json(
        folder / "motif.json",
        {
            "source": source.id,
            "sha256": sha256,
            "url": url,
            "refuse_le": now(),
            "phrase": str(refusal),
            **refusal.details,
        },
    )
    return folder


def check_edition(edition: str) -> None:
    """Raise ConfigurationError unless the edition is a safe folder name that holds a date."""
    if not EDITION_PATTERN.match(edition):
        raise ConfigurationError(
            f"édition « {edition} » : attendu des lettres, chiffres, points, tirets ou soulignés seulement."
        )
    edition_date(edition)


def source_folder(source: Source) -> Path:
    return get_settings().landing / source.producer / source.table


def now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def utc(stamp: str) -> dt.datetime:
    """An ISO instant as DuckDB's timestamps hold it: UTC, without a zone."""
    return dt.datetime.fromisoformat(stamp).astimezone(dt.UTC).replace(tzinfo=None)


def _chained(source: Source, manifest: Manifest) -> Manifest:
    previous = latest(source)
    return replace(
        manifest,
        rang=previous.rang + 1 if previous else 1,
        precedent=sha256_of(previous.path) if previous else None,
    )


def _tell(manifest: Manifest, written: Path) -> None:
    """Before the rename: what is in the archive without having been told was slipped in."""
    ledger.append(
        ledger.ARRIVALS,
        {
            "source": manifest.source,
            "rang": manifest.rang,
            "edition": manifest.edition,
            "sha256": manifest.sha256,
            "manifeste": sha256_of(written),
        },
    )


def _last_of(source: Source, edition: str) -> Manifest:
    return [manifest for manifest in manifests(source) if manifest.edition == edition][-1]


def _source_folder_of(source_id: str) -> Path:
    producer, table = source_id.split(".")
    return get_settings().landing / producer / table


def read_manifest(path: Path) -> Manifest:
    """A manifest as written, by this version or by an older one that knew fewer facts."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(
            **{
                f.name: tuple(raw[f.name]) if isinstance(raw[f.name], list) else raw[f.name]
                for f in fields(Manifest)
                if f.name in raw
            }
        )
    except (json.JSONDecodeError, TypeError) as error:
        raise AccesSoinsError(
            f"{path} : manifeste illisible ({error}). La zone brute a été modifiée à la main : "
            "restaurer la dernière sauvegarde (acces-soins restore)."
        ) from error


def _new_folder(path: Path) -> Path:
    """An empty folder; what an interrupted run left there goes."""
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(parents=True)
    return path


@contextmanager
def _locked(source: Source) -> Iterator[None]:
    folder = source_folder(source)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".verrou").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
