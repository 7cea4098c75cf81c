"""What a reader is asked and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from acces_soins.catalog import Source

LINE, SHEET = "_ligne", "_feuille"


@dataclass(frozen=True)
class Request:
    """A file to read and what its deposit said of it (aliases, columns that it lacks)."""

    source: Source
    path: Path
    name: str
    aliases: dict[str, str] = field(default_factory=dict)
    absent: Sequence[str] = ()


@dataclass(frozen=True)
class ReadResult:
    """What was found: rows, the encoding, headers outside the contract, sheets, the marker line."""

    rows: int
    encoding: str
    unexpected: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    marker: tuple[str, ...] = ()


def kept_columns(source: Source) -> list[str]:
    """The contract's columns without the personal ones, which no reader lets through."""
    return [column.name for column in source.columns if not column.personal]


def schema(source: Source) -> pa.Schema:
    """Schema of ``table.parquet``: text columns, then where each row stands in the file."""
    fields = [(name, pa.string()) for name in kept_columns(source)]
    return pa.schema([*fields, (LINE, pa.int64()), (SHEET, pa.string())])
