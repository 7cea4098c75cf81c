"""The run's own page: every suite and every failed check in French, in one file without any script.

Data Docs need scripts and styles from the Internet; this page opens on a closed network and links to them.
"""

import json
from dataclasses import asdict
from html import escape
from pathlib import Path

from acces_soins.quality.results import CheckResult, pairs
from acces_soins.settings import get_settings

STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #ccc}.critique{color:#b00020}.avertissement{color:#8a5a00}"
)


def add_suite(folder: Path, suite: str, results: list[CheckResult], details: Path | None) -> Path:
    """Record one suite's results in ``folder/resultats`` and write ``folder/index.html`` again.

    Args:
        folder: the run's folder.
        suite: name of the suite; the same suite checked again replaces itself.
        results: its results, in order.
        details: the suite's Data Docs page, when there is one.

    Returns:
        The page's path.
    """
    records = folder / "resultats"
    records.mkdir(parents=True, exist_ok=True)
    record = {
        "suite": suite,
        "page": details.relative_to(folder).as_posix() if details else None,
        "resultats": [asdict(result) for result in results],
    }
    _replace(records / f"{suite.replace('/', '.')}.json", json.dumps(record, ensure_ascii=False, default=str))
    suites = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(records.glob("*.json"))]
    return _replace(folder / "index.html", _page(folder.name, suites))


def _replace(path: Path, text: str) -> Path:
    """Suites of one night are checked side by side: a reader never meets half a file."""
    partial = path.with_name(f".{path.name}.partiel")
    partial.write_text(text, encoding="utf-8")
    return partial.replace(path)


def _kind() -> str:
    return "<p><strong>DONNÉES D'ESSAI — chiffres fictifs</strong></p>" if get_settings().is_trial else ""


def _page(run: str, suites: list[dict]) -> str:
    rows = "".join(_row(suite) for suite in suites)
    failed = [r for suite in suites for r in suite["resultats"] if r["resultat"] == "echoue"]
    alerts = "".join(
        f"<li class={r['severite']}><strong>{r['severite']}</strong> {escape(r['phrase'])}{_keys(r)}</li>"
        for r in sorted(failed, key=lambda r: r["severite"] != "critique")
    )
    return (
        f"<!doctype html><html lang=fr><meta charset=utf-8><title>Contrôles {escape(run)}</title>"
        f"<style>{STYLE}</style><h1>Contrôles du passage {escape(run)}</h1>{_kind()}"
        f"<h2>À traiter</h2><ul>{alerts or '<li>Rien : tous les contrôles sont réussis.</li>'}</ul>"
        "<h2>Suites</h2><table><tr><th>Suite<th>Contrôles<th>Critiques<th>Avertissements<th>Détail"
        f"{rows}</table>\n"
    )


def _keys(result: dict) -> str:
    """The offending keys, when there are more than the one that the sentence tells."""
    keys = result["exemples"]
    if len(keys) < 2:
        return ""
    rows = "".join(f"<li>{escape(pairs(key))}</li>" for key in keys)
    return f"<details><summary>{len(keys)} clés</summary><ul>{rows}</ul></details>"


def _row(suite: dict) -> str:
    failed = [r["severite"] for r in suite["resultats"] if r["resultat"] == "echoue"]
    link = f'<a href="{escape(suite["page"])}">Data Docs</a>' if suite["page"] else ""
    return (
        f"<tr><td>{escape(suite['suite'])}<td>{len(suite['resultats'])}"
        f"<td>{failed.count('critique')}<td>{failed.count('avertissement')}<td>{link}"
    )
