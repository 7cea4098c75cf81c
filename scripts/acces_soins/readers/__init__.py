"""Readers by format: a file as received becomes a Parquet table of text."""

from dataclasses import replace
from pathlib import Path

from acces_soins.readers import contract, delimited, melodi, nested, workbook
from acces_soins.readers.model import ReadResult, Request
from acces_soins.readers.packing import unpacked

READERS = {"csv": delimited.read, "classeur": workbook.read, "json": nested.read, "melodi": melodi.read}


def read(request: Request, target: Path) -> ReadResult:
    """Read a file, unpacked if need be, by its contract's format; check every cell against the contract.

    Raises RefusedInput, with the line and the column, when the file breaks its contract.
    """
    with unpacked(request, target.parent) as inner:
        result = READERS[request.source.format](replace(request, path=inner), target)
    contract.check(request, target)
    return result
