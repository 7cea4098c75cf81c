"""The verdict of one check, in the words of an operator."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from acces_soins import french

CRITICAL, WARNING = "critique", "avertissement"
PASSED, FAILED = "reussi", "echoue"
ENTRANCE, EXIT = "entree", "sortie"
MAX_EXAMPLES = 5
# Columns of ours, in words; those of a landed file keep the name that its producer gave them.
WORDS = {
    "code_indicateur": "indicateur",
    "code_territoire": "territoire",
    "code_departement": "département",
    "evolution": "évolution en points",
    "evolution_pct": "évolution en %",
    "part_masquee_pct": "part masquée en %",
}


@dataclass(frozen=True)
class CheckResult:
    """One row of ``marts.qualite``.

    ``controle`` is a stable French snake-case id, with the column or the indicator after ``__``;
    ``exemples`` holds at most five offending keys (with ``_ligne`` and ``_feuille`` in a landed
    file); ``phrase`` names the file or table, the place (``lieu``), what was expected, what was found
    and what to do (``que_faire``). A ``reserve`` result holds every key, and only its verdict may be
    published.
    """

    run: str
    suite: str
    controle: str
    severite: str
    attendu: str
    observe: str
    resultat: str
    exemples: list[dict] = field(default_factory=list)
    phrase: str = ""
    reserve: bool = False
    lieu: str = ""
    que_faire: str = ""

    @property
    def passed(self) -> bool:
        return self.resultat == PASSED


def as_rows(results: Iterable[CheckResult], border: str) -> list[dict]:
    """The results as the ledger keeps them and as ``marts.qualite`` shows them, with their border."""
    rows = [{"frontiere": border, **asdict(result)} for result in results]
    return json.loads(json.dumps(rows, ensure_ascii=False, default=str))


def first_critical(results: Iterable[CheckResult]) -> CheckResult | None:
    """The first critical check that failed, in the order of the suites; None when there is none."""
    return next((r for r in results if r.severite == CRITICAL and not r.passed), None)


def place_of(examples: list[dict], where: str) -> str:
    """« ligne 12, feuille 2023, colonne effectif »: the first offender's place, then the entry's own."""
    first = examples[0] if examples else {}
    parts = []
    if first.get("_ligne") is not None:
        parts.append(f"ligne {first['_ligne']}")
    if first.get("_feuille"):
        parts.append(f"feuille {first['_feuille']}")
    return ", ".join([*parts, where])


def describe(result: dict, examples: list[dict]) -> str:
    """What was found, in French, from the result dictionary of Great Expectations."""
    details = result.get("details") or {}
    if missing := (details.get("mismatched") or {}).get("missing"):
        return f"absent : {_listed(missing)}"
    if missing := result.get("partial_missing_list"):
        return f"absent : {_listed(missing)}"
    if "unexpected_count" in result:
        return _described_rows(result, examples)
    if result.get("observed_value") is not None:
        return _plain(result["observed_value"])
    return "rien à redire"


def sample(examples: list[dict]) -> str:
    """« , dont territoire = 01, valeur = 3 »: the first offender; nothing without one."""
    shown = {k: v for k, v in examples[0].items() if not k.startswith("_")} if examples else {}
    return f", dont {pairs(shown)}" if shown else ""


def pairs(example: dict) -> str:
    """« territoire = 01, valeur = 3,5 »."""
    return ", ".join(f"{WORDS.get(name, name)} = {_plain(value)}" for name, value in example.items())


def _described_rows(result: dict, examples: list[dict]) -> str:
    count, examined = result["unexpected_count"], result.get("element_count", 0)
    # Many queries give the offending rows alone: none came.
    scope = f" sur {french.counted(examined, 'ligne(s) examinée(s)')}" if examined else ""
    return (french.counted(count, "écart(s)") if count else "aucun écart") + scope + sample(examples)


def _listed(values: list) -> str:
    tail = "" if len(values) <= 10 else f" et {len(values) - 10} autres"
    return ", ".join(str(v) for v in values[:10]) + tail


def _plain(value) -> str:
    """A figure in French; a whole number as it is: it may be a year or a line."""
    if value is None:
        return "vide"
    return french.significant(value) if isinstance(value, float) else str(value)
