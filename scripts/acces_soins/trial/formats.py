"""How a figure is written: the French or the English way, whichever the column's contract accepts."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from acces_soins.catalog import Column

NO_BREAK_SPACE = "\u00a0"


def _thousands(separator: str) -> Callable[[float], str]:
    return lambda number: f"{number:,}".replace(",", separator)


# In order of preference; the first one whose sample the contract accepts is used.
WHOLE: tuple[Callable[[float], str], ...] = (_thousands(NO_BREAK_SPACE), _thousands(" "), str)
DECIMAL: tuple[Callable[[float], str], ...] = (lambda number: str(number).replace(".", ","), str)


@dataclass(frozen=True)
class Renderer:
    """Writes the values of one column; a mask that the column does not know leaves the cell empty."""

    write: Callable[[float], str]
    sentinels: tuple[str, ...]

    @staticmethod
    def accepts(column: Column, text: str) -> bool:
        return column.pattern is None or re.fullmatch(column.pattern, text) is not None

    @classmethod
    def of(cls, column: Column, quantity: dict) -> "Renderer":
        """The way of writing that suits the contract of a column and the decimals of its quantity."""
        sample, ways = (4.2, DECIMAL) if quantity["decimales"] else (1577, WHOLE)
        if column.name.endswith("_integer"):
            # Despite its name this twin is a DOUBLE: it always has a decimal point.
            return cls(lambda number: str(float(number)), column.sentinels)
        fitting = (way for way in ways if cls.accepts(column, way(sample)))
        return cls(next(fitting, str), column.sentinels)

    def __call__(self, value: float | str) -> str:
        if isinstance(value, str):
            return value if value in self.sentinels else ""
        return self.write(value)
