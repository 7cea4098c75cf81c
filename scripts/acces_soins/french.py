"""How figures, days and quarters are written in French: the only formatter of Python's texts.

SQL has its own (``dbt_project/macros/textes.sql``), with the same signs.
"""

import datetime as dt
import decimal
import math

THOUSANDS = "\u202f"  # narrow no-break space
MINUS = "\u2212"
SIGNIFICANT = 6
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


def number(value: float, decimals: int = 0, signed: bool = False) -> str:
    """« 1 234,5 », « −0,3 »; ``signed`` gives « +0,3 ». What rounds to zero has no sign."""
    written = f"{abs(value):,.{decimals}f}".replace(",", THOUSANDS).replace(".", ",")
    if not written.strip("0,"):
        return written
    return (MINUS if value < 0 else "+" if signed else "") + written


def exact(value: float) -> str:
    """« 12 », « 12,346 »: to the third decimal, with none for a whole number."""
    return number(value, 0 if value == int(value) else 3)


def unrounded(value: float) -> str:
    """« 12 », « 3,033611937 »: every decimal that the figure has, without any sign between thousands."""
    return format(decimal.Decimal(repr(value)).normalize(), "f").replace("-", MINUS).replace(".", ",")


def significant(value: float) -> str:
    """« 1 234,57 », « 0,000123457 »: to six significant figures, without zeros that say nothing."""
    if not value or not math.isfinite(value):
        return f"{value:g}"
    whole = math.floor(math.log10(abs(value))) + 1
    written = number(value, max(0, SIGNIFICANT - whole))
    return written.rstrip("0").rstrip(",") if "," in written else written


def agreed(text: str, count: float) -> str:
    """« ligne absente », « lignes absentes » of « ligne(s) absente(s) »: French plurals begin at two."""
    return text.replace("(s)", "s" if abs(count) >= 2 else "")


def counted(count: int, things: str) -> str:
    """« 1 écart », « 1 234 écarts », for ``écart(s)``."""
    return f"{number(count)} {agreed(things, count)}"


def date(day: dt.date) -> str:
    """« 1er octobre 2026 »."""
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]} {day.year}"


def quarter(code: str) -> str:
    """« 2e trimestre 2025 » for ``2025T2``."""
    rank = code[5]
    return f"{rank}{'er' if rank == '1' else 'e'} trimestre {code[:4]}"


def size(count: int) -> str:
    """« 1,2 Mo »."""
    for unit, scale in (("Mo", 1e6), ("ko", 1e3)):
        if count >= scale:
            return f"{number(count / scale, 1)} {unit}"
    return f"{count} {agreed('octet(s)', count)}"
