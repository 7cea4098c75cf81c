"""SHA-256 of every file, in the layout that ``sha256sum --check`` reads."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from acces_soins.landing import sha256_of

FILE = "SHA256SUMS"


def sha256(path: Path) -> str:
    """Hexadecimal digest of a file's bytes; a file that did not change is read once."""
    state = path.stat()
    return _digest(path, state.st_ino, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1024)
def _digest(path: Path, *state: int) -> str:
    return sha256_of(path)


def covered(folder: Path) -> Iterator[Path]:
    """The files that the sums of a folder cover, in the order of their paths: all but the sums themselves."""
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / FILE)


def write(folder: Path) -> Path:
    """Write ``SHA256SUMS`` over everything else in ``folder``."""
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in covered(folder)]
    (folder / FILE).write_text("".join(lines), encoding="utf-8")
    return folder / FILE
