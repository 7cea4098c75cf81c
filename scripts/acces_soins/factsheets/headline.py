"""The sentences at the top: what stands out in the figures, and nothing when nothing does.

Three findings at most, each by a rule: the judged figure furthest behind France, the judged one furthest
ahead (both at 99.8 %, see ``comparaisons.position``), and a rank among the first or last five, for a rate
or a mean that no interval judges. A count is never headlined: it tells the size of the département.
"""

from collections.abc import Callable, Iterable, Sequence

from acces_soins import french
from acces_soins.factsheets.figures import ordinal, state, with_unit
from acces_soins.formats.about import STATUSES

EDGE = 5
UNRANKED = ("nombre", "marque")
Finding = tuple[str, dict]


def choose(rows: Iterable[dict]) -> list[Finding]:
    """The findings, as (``moins bien`` | ``mieux`` | ``derniers`` | ``premiers``, row of the figure)."""
    known = [row for row in rows if row["valeur"] is not None and row["valeur_france_texte"]]
    candidates = [
        _most("moins bien", known, lambda row: row["position"] == "moins bien", lambda row: _place(row)),
        _most("mieux", known, lambda row: row["position"] == "mieux", lambda row: -_place(row)),
        _most("derniers", known, _is_last, lambda row: _place(row)),
        _most("premiers", known, _is_first, lambda row: -_place(row)),
    ]
    return [finding for finding in candidates if finding is not None][:3]


def sentences(findings: Sequence[Finding], rows: Iterable[dict], phrases: dict[str, str]) -> list[str]:
    """The findings in French; without one, that the judged figures are like France's, if there are any."""
    if findings:
        return [
            f"{'Il' if index else 'Le département'} {_finding(kind, row, phrases)}"
            for index, (kind, row) in enumerate(findings)
        ]
    alike = sum(row["position"] == "semblable" for row in rows)
    if alike == 0:
        return []
    return [
        f"Aucun des {alike} chiffres qui se comparent à ceux de la France ne s'en écarte plus que le hasard."
        if alike > 1
        else "Le seul chiffre qui se compare à celui de la France ne s'en écarte pas plus que le hasard."
    ]


def _finding(kind: str, row: dict, phrases: dict[str, str]) -> str:
    """What follows the subject: the figure, its date, its status, and what it is compared with."""
    phrase = phrases[row["code_indicateur"]]
    figure = f"{_written(row)} au {french.date(row['date_reference'])}{_status(row)}"
    against = f"{figure}, contre {with_unit(row['valeur_france_texte'], row)} en France"
    if kind in ("moins bien", "mieux"):
        return f"est {kind} placé que la France pour {phrase}\u00a0: {against}{_trend(row)}."
    place = f"{ordinal(row['rang'])} sur {row['nb_classes']}"
    return f"est {place} pour {phrase}\u00a0: {against}. C'est un rang\u00a0: l'écart n'est pas testé."


def _most(
    kind: str, rows: list[dict], wanted: Callable[[dict], bool], key: Callable[[dict], float]
) -> Finding | None:
    """The first of the wanted rows with the greatest key."""
    found = max((row for row in rows if wanted(row)), key=key, default=None)
    return None if found is None else (kind, found)


def _place(row: dict) -> float:
    """0 for the most favourable rank, 1 for the least."""
    return row["rang"] / row["nb_classes"] if row["rang"] else 0.5


def _is_last(row: dict) -> bool:
    return _is_unjudged(row) and row["rang"] > row["nb_classes"] - EDGE


def _is_first(row: dict) -> bool:
    """Sharing the first rank with many is no distinction."""
    return _is_unjudged(row) and row["rang"] + row["nb_ex_aequo"] - 1 <= EDGE


def _is_unjudged(row: dict) -> bool:
    return (
        row["position"] == "sans jugement"
        and row["nature"] not in UNRANKED
        and row["rang"] is not None
        and row["nb_classes"] > 2 * EDGE
    )


def _written(row: dict) -> str:
    """« 5,2 % », « 3,32 consultations par an et par habitant »."""
    value = with_unit(row["valeur_texte"], row)
    return value if row["unite"] == "%" else f"{value}\u00a0{row['unite']}"


def _status(row: dict) -> str:
    """Of the point itself: a carried figure is dated. What is too old to be carried is said so."""
    if state(row) == "ancien":
        return " (dernier chiffre connu)"
    status = row["statut_point"] if row["statut"] == "reporte" else row["statut"]
    return f" ({STATUSES[status].label.lower()})" if status in ("provisoire", "estime") else ""


def _trend(row: dict) -> str:
    """The trend over six years, where the test finds one."""
    if row["tendance"] not in ("hausse", "baisse"):
        return ""
    good = row["tendance"] == row["sens"]
    return f"\u00a0; tendance à la {row['tendance']} sur six ans, {'favorable' if good else 'défavorable'}"
