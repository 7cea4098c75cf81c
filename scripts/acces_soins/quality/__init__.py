"""The two borders of the warehouse, guarded by Great Expectations: what is landed, what is published.

Suites are hand-written YAML files (``expectations/``); this package reads them, prepares one small
frame per entry with DuckDB and lets Great Expectations judge it. Great Expectations is imported
inside functions only (7 s).
"""

from acces_soins.quality.engine import write_docs
from acces_soins.quality.landing import check_landing
from acces_soins.quality.publication import check_publication, critical_checks_by_indicator
from acces_soins.quality.results import (
    CRITICAL,
    ENTRANCE,
    EXIT,
    WARNING,
    CheckResult,
    as_rows,
    first_critical,
)

__all__ = [
    "CRITICAL",
    "ENTRANCE",
    "EXIT",
    "WARNING",
    "CheckResult",
    "as_rows",
    "check_landing",
    "check_publication",
    "critical_checks_by_indicator",
    "first_critical",
    "write_docs",
]
