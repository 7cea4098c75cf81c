"""The run's own pages, in French and without any script: one that tells what failed, one for each suite.

They link to the Data Docs that Great Expectations makes (``data_docs``).
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from html import escape
from pathlib import Path

from acces_soins import french
from acces_soins.quality.results import CRITICAL, FAILED, WARNING, CheckResult, pairs
from acces_soins.settings import get_settings

INDEX = "index.html"
STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "div{overflow-x:auto}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #ccc;vertical-align:top;overflow-wrap:normal}code{overflow-wrap:anywhere}"
    ".critique{color:#b00020}.avertissement{color:#7a5000}"
)


def add_suite(folder: Path, suite: str, results: list[CheckResult], details: Path | None) -> Path:
    """Record one suite's results in ``folder/resultats``, write its page and ``folder/index.html`` again.

    Args:
        folder: the run's folder.
        suite: name of the suite; the same suite checked again replaces itself.
        results: its results, in order.
        details: where the suite's Data Docs page is, or will be.

    Returns:
        The path of the index.
    """
    records, name = folder / "resultats", suite.replace("/", ".")
    records.mkdir(parents=True, exist_ok=True)
    rows = [asdict(result) for result in results]
    record = {
        "suite": suite,
        "page": f"resultats/{name}.html",
        "data_docs": details.relative_to(folder).as_posix() if details else None,
        "resultats": rows,
    }
    _replace(folder / record["page"], _suite_page(folder.name, suite, rows))
    _replace(records / f"{name}.json", json.dumps(record, ensure_ascii=False, default=str))
    return write_index(folder)


def write_index(folder: Path) -> Path:
    """Write ``index.html`` from the recorded results; it links to the Data Docs that are there."""
    records = sorted((folder / "resultats").glob("*.json"))
    suites = [json.loads(path.read_text(encoding="utf-8")) for path in records]
    return _replace(folder / INDEX, _index(folder, suites))


def _replace(path: Path, text: str) -> Path:
    """Suites of one night are checked side by side: a reader never meets half a file."""
    partial = path.with_name(f".{path.name}.partiel")
    partial.write_text(text, encoding="utf-8")
    return partial.replace(path)


def trial_mark() -> str:
    """The paragraph that says of a page that its data are fictitious; nothing where they are not."""
    return "<p><strong>DONNÉES D'ESSAI — chiffres fictifs</strong></p>" if get_settings().is_trial else ""


def _page(title: str, *parts: str) -> str:
    return (
        "<!doctype html><html lang=fr><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1>{trial_mark()}{''.join(parts)}\n"
    )


def _table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; the cells are HTML already."""
    head = "".join(f"<th scope=col>{name}" for name in headers)
    body = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in rows)
    return f"<div tabindex=0><table><tr>{head}{body}</table></div>"


def _index(folder: Path, suites: list[dict]) -> str:
    failed = [row for suite in suites for row in suite["resultats"] if row["resultat"] == FAILED]
    alerts = "".join(
        f"<li class={row['severite']}><strong>{row['severite']}</strong> {escape(row['phrase'])}{_keys(row)}"
        for row in sorted(failed, key=lambda row: row["severite"] != CRITICAL)
    )
    return _page(
        f"Contrôles du passage {folder.name}",
        f"<h2>À traiter</h2><ul>{alerts or '<li>Rien : tous les contrôles sont réussis.'}</ul>",
        "<h2>Suites</h2>",
        _table(
            ("Suite", "Contrôles", "Critiques", "Avertissements", "Great Expectations"),
            (_suite_row(folder, suite) for suite in suites),
        ),
    )


def _suite_row(folder: Path, suite: dict) -> tuple[str, ...]:
    failed = [row["severite"] for row in suite["resultats"] if row["resultat"] == FAILED]
    docs = suite["data_docs"]
    return (
        f'<a href="{escape(suite["page"])}">{escape(suite["suite"])}</a>',
        french.number(len(suite["resultats"])),
        french.number(failed.count(CRITICAL)),
        french.number(failed.count(WARNING)),
        f'<a href="{escape(docs)}">Data Docs</a>' if docs and (folder / docs).exists() else "",
    )


def _suite_page(run: str, suite: str, rows: list[dict]) -> str:
    told = (
        (
            f"<span class={row['severite']}>Échec</span>" if row["resultat"] == FAILED else "Réussi",
            row["severite"].capitalize(),
            f"<code>{escape(row['controle'])}</code>",
            escape(row["attendu"]),
            escape(row["observe"]) + (_keys(row) if row["resultat"] == FAILED else ""),
        )
        for row in rows
    )
    return _page(
        f"{suite}, passage {run}",
        f'<p><a href="../{INDEX}">Tous les contrôles de ce passage</a></p>',
        _table(("Résultat", "Gravité", "Contrôle", "Attendu", "Trouvé"), told),
    )


def _keys(result: dict) -> str:
    """The offending keys, when there are more than the one that the sentence tells."""
    keys = result["exemples"]
    if len(keys) < 2:
        return ""
    rows = "".join(f"<li>{escape(pairs(key))}</li>" for key in keys)
    return f"<details><summary>{len(keys)} clés</summary><ul>{rows}</ul></details>"
