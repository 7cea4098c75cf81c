"""SHA-256 of every file, in the layout that ``sha256sum --check`` reads."""

import hashlib
from functools import lru_cache
from pathlib import Path

FILE = "SHA256SUMS"


def sha256(path: Path) -> str:
    """Hexadecimal digest of a file's bytes; a file that did not change is read once."""
    state = path.stat()
    return _digest(path, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1024)
def _digest(path: Path, *state: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write(folder: Path) -> Path:
    """Write ``SHA256SUMS`` over everything else in ``folder``, in the order of the paths."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != FILE)
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / FILE).write_text("".join(lines), encoding="utf-8")
    return folder / FILE
