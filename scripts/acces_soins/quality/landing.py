"""The first border: one landed file against its contract, its previous edition and its own suite."""

import re
from pathlib import Path

import duckdb

from acces_soins import french
from acces_soins.catalog import Column, Source
from acces_soins.quality.engine import run_checks
from acces_soins.quality.results import CheckResult
from acces_soins.quality.suites import EXPECTATIONS, TERRITORIES, Scope, expand, load_suite, referential
from acces_soins.sql_text import literal

MASKS = frozenset({"NS", "NC", "ND"})
TOTALS = ("99", "999")
PER_CENT = (0, 100)  # the bounds that make a column one of rates
# FINESS writes overseas départements and collectivities its own way: its suite checks them.
PRODUCERS_WITH_OWN_CODES = ("finess",)
PERIODS = ("date", "annee", "_feuille")
# Thousands are written with a space, a no-break space or a thin space; decimals with a comma.
NUMBER_MACRO = r"""
CREATE MACRO nombre(texte) AS
    CAST(replace(regexp_replace(texte, '[\s\x{00A0}\x{202F}]', '', 'g'), ',', '.') AS DOUBLE)
"""


def check_landing(
    source: Source,
    parquet: Path,
    file_name: str,
    previous_parquet: Path | None,
    run: str,
    perimetre: str | None = None,
    previous_edition: str | None = None,
) -> list[CheckResult]:
    """Run ``landing/commun.yml`` then the source's own suite, when it has one, on a landed table.

    Args:
        source: the contract.
        parquet: the table of text columns that the reader made, with ``_ligne`` and ``_feuille``.
        file_name: name of the file as received, for the sentences.
        previous_parquet: the table of the edition landed before; None on a first landing.
        run: id of the night or of the command.
        perimetre: declared partial scope of a deposit; the checks of completeness are then left out.
        previous_edition: edition landed last, for the date that must not go back.

    Returns:
        One result per check; also written to the run's Data Docs.

    Raises:
        ConfigurationError: a suite is wrong.
    """
    with duckdb.connect() as connection:
        present = _prepare(connection, source, parquet, previous_parquet)
        facts = {
            "precedent": previous_parquet,
            "perimetre": perimetre,
            "edition_precedente": previous_edition,
        }
        scope = _scope(source, present, {name for name, value in facts.items() if value}, previous_edition)
        checks = expand(
            [entry for path in suite_paths(source) if path.exists() for entry in load_suite(path)], scope
        )
        return run_checks(checks, connection, run, f"landing/{source.id}", file_name)


def suite_paths(source: Source) -> list[Path]:
    """The common suite, then the source's own (it may not exist)."""
    return [EXPECTATIONS / "landing" / name for name in ("commun.yml", f"{source.id}.yml")]


def _prepare(
    connection: duckdb.DuckDBPyConnection, source: Source, parquet: Path, previous: Path | None
) -> set[str]:
    """Create the views that queries read; returns the columns that the file really has."""
    connection.execute(NUMBER_MACRO)
    connection.execute(
        f"CREATE VIEW territoires AS SELECT * FROM read_csv({literal(TERRITORIES)}, all_varchar = true)"
    )
    present = _view(connection, "fichier", source, parquet)
    if previous:
        _view(connection, "precedent", source, previous)
    return present


def _view(connection: duckdb.DuckDBPyConnection, name: str, source: Source, parquet: Path) -> set[str]:
    """``<name>_recu`` is the table as landed; ``<name>`` adds as empty the columns that it lacks."""
    connection.execute(f"CREATE VIEW {name}_recu AS SELECT * FROM read_parquet({literal(parquet)})")
    present = {row[0] for row in connection.execute(f"DESCRIBE {name}_recu").fetchall()}
    wanted = [c.name for c in source.columns] + ["_ligne", "_feuille"]
    added = "".join(f', NULL::VARCHAR AS "{c}"' for c in wanted if c not in present)
    connection.execute(f"CREATE VIEW {name} AS SELECT *{added} FROM {name}_recu")
    return present


def _scope(source: Source, present: set[str], facts: set[str], previous_edition: str | None) -> Scope:
    columns = [c for c in source.columns if c.name in present]
    period = next((name for name in PERIODS if name in source.key), None)
    catalogue = {
        "cle": source.key,
        "lignes_minimum": source.meta["lignes_minimum"],
        "colonnes_requises": [c.name for c in source.columns if c.required and not c.personal],
    }
    texts = {
        "source": source.id,
        "cle": ", ".join(f'"{name}"' for name in source.key),
        "cle_lisible": ", ".join(source.key),
        "lignes_minimum": str(source.meta["lignes_minimum"]),
        "derniere_periode": f'"{period}" = (SELECT max("{period}") FROM fichier)' if period else "true",
        "edition_precedente": previous_edition or "",
        "date_precedente": source.date_of(previous_edition).isoformat() if previous_edition else "",
    }
    levels = {} if source.producer in PRODUCERS_WITH_OWN_CODES else source.meta.get("territoires", {})
    return Scope(
        catalogue=catalogue,
        texts=texts,
        lists={
            "colonnes_en_pour_cent": [_column_element(c) for c in columns if c.bounds == PER_CENT],
            "colonnes_bornees": [_column_element(c) for c in columns if c.bounds],
            "colonnes_masquables": [
                _column_element(c) for c in columns if c.bounds or MASKS & {*c.sentinels}
            ],
            "colonnes_valeur_unique": [_column_element(c) for c in columns if c.single_value],
            "territoires": [_territory_element(source, *pair) for pair in levels.items()],
        },
        facts=frozenset(facts),
    )


def _column_element(column: Column) -> dict:
    low, high = column.bounds or (None, None)
    empties = ", ".join(literal(s) for s in ("", *column.sentinels))
    return {
        "id": column.name,
        "texts": {"colonne": column.name, "vides": f"({empties})", "min": _plain(low), "max": _plain(high)},
        "catalogue": {"bornes": {"min": low, "max": high}},
    }


def _territory_element(source: Source, level: str, name: str) -> dict:
    column = source.column(name)
    totals = [code for code in TOTALS if column.pattern and re.match(column.pattern, code)]
    return {
        "id": level,
        "texts": {"niveau": level, "colonne": name, "nombre": str(len(referential(level)))},
        "catalogue": {"totaux": totals, "sentinelles": list(column.sentinels)},
    }


def _plain(number: float | None) -> str:
    return "" if number is None else french.significant(number)
