"""Readers by format: a file as received becomes a Parquet table of text."""

from pathlib import Path

from acces_soins.readers import contract, delimited, workbook
from acces_soins.readers.model import ReadResult, Request

READERS = {"csv": delimited.read, "classeur": workbook.read}


def read(request: Request, target: Path) -> ReadResult:
    """Read a file by its contract's format and check every cell against the contract.

    Raises RefusedInput, with the line and the column, when the file breaks its contract.
    """
    result = READERS[request.source.format](request, target)
    contract.check(request, target)
    return result
