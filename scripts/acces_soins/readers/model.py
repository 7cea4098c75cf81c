"""What a reader is asked, what it answers, and the one way its columns become a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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
    """What was found: rows, encoding, headers outside the contract, sheets, marker line, separator."""

    rows: int
    encoding: str
    unexpected: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    marker: tuple[str, ...] = ()
    separator: str | None = None


def kept_columns(source: Source) -> list[str]:
    """The contract's columns without the personal ones, which no reader lets through."""
    return [column.name for column in source.columns if not column.personal]


def schema(source: Source) -> pa.Schema:
    """Schema of ``table.parquet``: text columns, then where each row stands in the file."""
    fields = [(name, pa.string()) for name in kept_columns(source)]
    return pa.schema([*fields, (LINE, pa.int64()), (SHEET, pa.string())])


def open_table(source: Source, target: Path) -> pq.ParquetWriter:
    """The writer of ``table.parquet``: dictionaries for texts, differences for line numbers.

    Bounds are kept for line numbers alone: those of texts take a third of the writing, and no reader of
    landed files, which takes them whole or by line, skips anything thanks to them.
    """
    return pq.ParquetWriter(
        target,
        schema(source),
        compression="zstd",
        use_dictionary=[*kept_columns(source), SHEET],
        column_encoding={LINE: "DELTA_BINARY_PACKED"},
        write_statistics=[LINE],
    )


def to_table(source: Source, columns: dict[str, pa.Array], count: int) -> pa.Table:
    """``count`` rows with every column of the contract; those that the file lacks are null.

    What the contract calls personal is not in the schema; of a pseudonym only the hash goes on.
    """
    pseudonyms = {column.name for column in source.columns if column.pseudonym}
    arrays = []
    for each in schema(source):
        array = columns.get(each.name)
        if array is None:
            array = pa.nulls(count, each.type)
        arrays.append(_pseudonyms(array) if each.name in pseudonyms else array)
    return pa.Table.from_arrays(arrays, schema=schema(source))


def line_numbers(first: int, count: int) -> pa.Array:
    """``count`` whole numbers; from their bytes, since ``pa.array`` of NumPy's imports pandas."""
    numbers = np.arange(first, first + count, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(numbers)])


def _pseudonyms(texts: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """Sixty-four bits of SHA-256 for each text: the same person has the same name in every edition."""
    told = _hasher().cursor().from_arrow(pa.table({"nom": texts}))
    return told.project("left(sha256(nom), 16) as nom").to_arrow_table().column("nom")


@cache
def _hasher() -> duckdb.DuckDBPyConnection:
    """One thread, so that rows keep their order; vectors of DuckDB hash four times faster than a loop."""
    return duckdb.connect(config={"threads": 1})
