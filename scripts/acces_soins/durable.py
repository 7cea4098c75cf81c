"""Writing that a cut cannot tear: the disk holds the bytes before a name shows them."""

import json
import os
from pathlib import Path


def write_json(path: Path, content: dict) -> None:
    """Write JSON and wait for the disk; the name that readers look at is for ``put_in_place``."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    flush(path)


def put_in_place(draft: Path, target: Path) -> None:
    """Give a finished file or folder its name in one step, and wait until the disk knows it."""
    draft.replace(target)
    flush(target.parent)


def flush(path: Path) -> None:
    """Wait until the disk holds what was written to a file, or the names that a folder lists."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
