"""What was announced: the quarterly release that is due, the one that comes next, and what is late.

The dates are those of ``calendrier_publications.csv``; what became of them is in the folders and in the
register (``releases``). Sentences are French, for the one who operates the house.
"""

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from acces_soins import french, frozen, history, ledger, publication, releases
from acces_soins.settings import PROJECT, get_settings

CALENDAR = PROJECT / "dbt_project" / "seeds" / "calendrier_publications.csv"
STATES = {"provisoire": "date provisoire", "confirmee": "date confirmée", "reportee": "date reportée"}

Line = tuple[str, str]


@dataclass(frozen=True)
class Announced:
    """A quarter and the day on which its release was announced."""

    quarter: str
    day: dt.date
    state: str
    reason: str | None

    @property
    def name(self) -> str:
        """The first release of the quarter: corrections are never announced."""
        return f"{self.quarter}-r0"


def announced() -> list[Announced]:
    """Every announced release, in the order of the calendar."""
    with CALENDAR.open(encoding="utf-8", newline="") as stream:
        return [
            Announced(
                row["trimestre"], dt.date.fromisoformat(row["date_prevue"]), row["etat"], row["motif"] or None
            )
            for row in csv.DictReader(stream)
        ]


def unreleased() -> list[Announced]:
    """Those of which no release was frozen."""
    done = {release["trimestre"] for release in releases.all_frozen()}
    return [line for line in announced() if line.quarter not in done]


def due(today: dt.date) -> str | None:
    """The quarter about which a person must be asked on that day, or None.

    That of a candidate which still waits for its answer; else the one whose announced date has come, if
    the builds of the day close it, it is not frozen, and what is served is not what was last refused.
    """
    if waiting := releases.pending():
        return waiting[0]["trimestre"]
    quarter = releases.quarter_of(get_settings().closing_date)
    days = {line.quarter: line.day for line in announced()}
    if quarter not in days or days[quarter] > today or releases.of_quarter(quarter):
        return None
    served = publication.current_version()
    return None if served and _refusal(quarter, served["version"]) else quarter


def lines(today: dt.date) -> list[Line]:
    """What ``status`` shows: the last release, the next date, what waits for an answer, what is late."""
    last, coming = releases.all_frozen()[-1:], _next(today)
    told = [("Dernière figée", _frozen(release)) for release in last] or [("Dernière figée", "aucune")]
    told.append(("Prochaine", _coming(coming) if coming else _nothing_announced()))
    told += [
        ("Attend une réponse", f"{proposal['publication']}, {_proposed(proposal, today)}")
        for proposal in releases.pending()
    ]
    told += [("En retard", sentence) for sentence in late(today)]
    return told


def alerts(today: dt.date) -> list[str]:
    """One sentence for each thing that a person must see to: late, unanswered, lost, or nothing announced."""
    overdue = {line.quarter for line in _overdue(today)}
    unanswered = [
        f"{proposal['publication']} attend une réponse, {_proposed(proposal, today)}. {_ANSWER}"
        for proposal in releases.pending()
        if _day(proposal["proposee_le"]) < today and proposal["trimestre"] not in overdue
    ]
    lost = [
        f"{name} : au registre, mais son dossier n'est plus dans {get_settings().releases}. Le reprendre "
        "d'une sauvegarde (acces-soins restore)"
        for name in releases.lost()
    ]
    ended = [] if _next(today) else [_nothing_announced()]
    return [*late(today), *unanswered, *lost, *ended]


def late(today: dt.date) -> list[str]:
    """One sentence for each announced release whose day has passed, with why and what to do."""
    return [
        f"{line.name}, annoncée pour le {line.day:%d/%m/%Y}, a {_days(line.day, today)} de retard : "
        f"{_why_late(line.quarter, line.day, today)}"
        for line in _overdue(today)
    ]


_ANSWER = (
    "L'approuver ou la refuser dans Airflow (actions requises), ou par « acces-soins freeze » et "
    "« acces-soins refuse »"
)


def _overdue(today: dt.date) -> Iterator[Announced]:
    yield from (line for line in unreleased() if line.day < today)


def _next(today: dt.date) -> Announced | None:
    """The first day to come whose release is not there yet."""
    coming = (line for line in unreleased() if line.day >= today)
    return min(coming, key=lambda line: line.day, default=None)


def _why_late(quarter: str, day: dt.date, today: dt.date) -> str:
    if waiting := releases.pending_of(quarter):
        return f"elle attend une réponse, {_proposed(waiting, today)}. {_ANSWER}"
    served = publication.current_version()
    if served is None:
        return "rien n'est encore publié. Lire le compte rendu de la dernière nuit"
    closed = releases.quarter_of(dt.date.fromisoformat(served["date_arrete"]))
    if closed < quarter:
        return (
            f"la version servie arrête encore ses séries à {closed}. Lire le compte rendu de la dernière nuit"
        )
    if closed > quarter:
        return (
            f"la version servie arrête déjà ses séries à {closed}. Rejouer une nuit du trimestre suivant "
            f"{quarter} (ACCES_SOINS_DATE) et la proposer, ou annoncer une autre date, avec son motif, dans "
            f"{CALENDAR.name}"
        )
    if refused := _refusal(quarter, served["version"]):
        return (
            f"refusée le {_day(refused['inscrit_le']):%d/%m/%Y} par {refused['refusee_par']} "
            f"({refused['raison_du_refus']}). Corriger, attendre une nouvelle version ; elle sera proposée "
            "d'elle-même"
        )
    if _day(history.events()[0]["inscrit_le"]) > day:
        return (
            "rien n'était encore publié ce jour-là. Airflow la proposera à son prochain essai "
            f"(quarterly_release, chaque matin) ; ou lancer « acces-soins propose {quarter} »"
        )
    return (
        "la version servie peut être proposée et ne l'est pas. Lire dans Airflow le dernier essai de "
        f"quarterly_release, ou lancer « acces-soins propose {quarter} »"
    )


def _refusal(quarter: str, version: str) -> dict | None:
    """The last refusal of that version."""
    wanted = (releases.REFUSED, quarter, version)
    told = [
        event
        for event in ledger.read(ledger.PROPOSALS)
        if (event["evenement"], event["trimestre"], event["version"]) == wanted
    ]
    return told[-1] if told else None


def _frozen(release: dict) -> str:
    return (
        f"{release['publication']}, le {_day(release['figee_le']):%d/%m/%Y}, approuvée par "
        f"{release['approuvee_par']} : {get_settings().releases / release['publication']}"
    )


def _coming(line: Announced) -> str:
    moved = f", {line.reason}" if line.reason else ""
    return f"{line.name}, le {line.day:%d/%m/%Y} ({STATES[line.state]}{moved})"


def _proposed(proposal: dict, today: dt.date) -> str:
    day, report = _day(proposal["proposee_le"]), f"{frozen.REPORT}.html"
    since = f"il y a {_days(day, today)}" if day < today else "aujourd'hui"
    return (
        f"proposée le {day:%d/%m/%Y} ({since}), version {proposal['version']} ; "
        f"rapport : {releases.proposal_folder(proposal) / report}"
    )


def _nothing_announced() -> str:
    return f"aucune date n'est annoncée : compléter {CALENDAR.name}"


def _days(since: dt.date, today: dt.date) -> str:
    count = (today - since).days
    return f"{count} {french.agreed('jour(s)', count)}"


def _day(stamp: str) -> dt.date:
    return dt.datetime.fromisoformat(stamp).date()
