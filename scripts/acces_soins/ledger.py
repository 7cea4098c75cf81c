"""The append-only register: what has a history of its own, outside the published versions.

One JSON line per event in ``registre/<kind>/<year>-<month>.jsonl``. A line is written whole under a
lock and flushed to disk; a line torn by a full disk is skipped by readers, never repaired.
"""

import datetime as dt
import fcntl
import json
import logging
import os
from pathlib import Path

from acces_soins.settings import get_settings

logger = logging.getLogger(__name__)

EXTRACTIONS, NIGHTS, PUBLICATIONS = "extractions", "nuits", "publications"
# One line per file judged at the entrance, one per night at the way out, with all their checks.
ENTRANCE_CHECKS, EXIT_CHECKS = "controles_a_l_entree", "controles_a_la_sortie"
PROPOSALS, RELEASES = "propositions", "publications_figees"
# What enters the raw zone, told just before it does: rank, bytes and manifest of each edition.
ARRIVALS = "arrivees"

# Results of an extraction, as its event tells them.
SUCCESSES = ("nouvelle_edition", "inchange")
FAILURES = ("refus", "echec")


def append(kind: str, record: dict) -> None:
    """Add one event; ``inscrit_le`` (UTC) is stamped here."""
    now = dt.datetime.now(dt.UTC)
    folder = get_settings().ledger / kind
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"inscrit_le": now.isoformat(timespec="microseconds"), **record}, ensure_ascii=False)
    with (folder / f"{now:%Y-%m}.jsonl").open("ab+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0, os.SEEK_END)
        torn = stream.tell() > 0 and _last_byte(stream) != b"\n"
        stream.write((b"\n" if torn else b"") + line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def read(kind: str) -> list[dict]:
    """Every event of one kind, oldest first."""
    records = []
    for path in sorted((get_settings().ledger / kind).glob("*.jsonl")):
        records.extend(_read_file(path))
    return records


def _last_byte(stream) -> bytes:
    stream.seek(-1, os.SEEK_END)
    return stream.read(1)


def _read_file(path: Path) -> list[dict]:
    records = []
    # Bytes: a line may be torn inside a character, and only « \n » ends one.
    for number, line in enumerate(path.read_bytes().removesuffix(b"\n").split(b"\n"), start=1):
        try:
            records.append(json.loads(line))
        except ValueError:
            logger.warning("%s, line %d: torn record skipped", path, number)
    return records
