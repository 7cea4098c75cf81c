"""The night's report: what a person reads in the morning, and the alerts."""

import datetime as dt
import io
import itertools
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from acces_soins import agenda, archive, french, landing, ledger, publication
from acces_soins.catalog import fetched_sources, load_sources
from acces_soins.deposits import read_index
from acces_soins.formats.about import STATUS_WORDS
from acces_soins.settings import get_settings

RESULTS = {
    "nouvelle_edition": "nouvelle édition",
    "inchange": "inchangée",
    "sans_fichier": "sans fichier",
    "refus": "REFUSÉE",
    "echec": "ÉCHEC",
}
QUIET = ("inchange", "sans_fichier")
SHOWN_PERIODS = 4
WIDTH = 140
LAST_NIGHT = "derniere_nuit.txt"
DASHBOARDS_BEHIND = (
    "une nouvelle version est servie, mais les tableaux de bord n'ont pas été rafraîchis : "
    "ils montrent encore la précédente par endroits"
)
STEPS = ("construction", "contrôles", "publication", "tableaux de bord")


def judge(steps: list[dict], extractions: list[dict]) -> dict:
    """What a night came to: {etat, alertes}.

    ``etat`` is publie (a new version is served, even where the dashboards could not follow), inchange
    (nothing new, said so) or echec (the last version stays served).
    """
    state = _state(steps)
    return {"etat": state, "alertes": _alerts(state, steps, extractions)}


def write(night: str, outcome: dict, steps: list[dict], extractions: list[dict]) -> Path:
    """Write the report of a night and give its path."""
    settings = get_settings()
    text = _render(night, outcome["etat"], steps, extractions, outcome["alertes"])
    settings.reports.mkdir(parents=True, exist_ok=True)
    (settings.reports / "nuits").mkdir(exist_ok=True)
    path = settings.reports / "nuits" / f"{night}.txt"
    path.write_text(text, encoding="utf-8")
    (settings.reports / LAST_NIGHT).write_text(text, encoding="utf-8")
    return path


def describe_build(database: Path, warnings: list[str]) -> str:
    """« 47 520 lignes, 9 indicateurs, 2015T4 à 2026T3 », and the data tests that warned."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows, codes, first, last = connection.execute(
            "select count(*), count(distinct code_indicateur), min(trimestre), max(trimestre) "
            "from marts.indicateurs_trimestriels"
        ).fetchone()
    warned = f" ; à relire : {', '.join(warnings)}" if warnings else ""
    return f"{french.number(rows)} lignes, {codes} indicateurs, {first} à {last}{warned}"


def refusals(events: list[dict]) -> list[str]:
    """One sentence per file that a pass refused, or could not take."""
    failed = (event for event in events if event["resultat"] in ledger.FAILURES)
    return [f"{event['source']} : {event['phrase']}" for event in failed]


def late_sources(today: dt.date) -> list[str]:
    """One sentence per source whose next edition is overdue; one for all that were never received."""
    sentences, never, awaited = [], [], []
    confirmed = archive.confirmations()
    for source in load_sources().values():
        counted = landing.counting(source)
        if not counted:
            (awaited if source.is_deposited else never).append(source.id)
            continue
        edition = counted[-1].edition
        edition = confirmed.get(f"{source.id}/{edition}", edition)
        if (due := source.expected_on(edition)) and due < today:
            sentences.append(
                f"{source.id} : en retard de {(today - due).days} jours (édition {edition}, "
                f"la suivante était attendue le {due:%d/%m/%Y})"
            )
    if never:
        sentences.append(f"jamais reçues : {', '.join(never)}")
    if awaited:
        sentences.append(f"dépôts de partenaires jamais reçus : {', '.join(awaited)}")
    return sentences


def _state(steps: list[dict]) -> str:
    by_name = {step["etape"]: step["etat"] for step in steps}
    if by_name.get("publication") == "publie":
        return "publie"
    return "inchange" if by_name.get("construction") == "inchange" else "echec"


def _alerts(state: str, steps: list[dict], extractions: list[dict]) -> list[str]:
    alerts = [
        f"étape {step['etape']} en échec : {step['phrase']}" for step in steps if step["etat"] == "echec"
    ]
    alerts += [
        f"{event['source']} {RESULTS[event['resultat']].lower()} : {event['phrase']}"
        for event in extractions
        if event["resultat"] in ledger.FAILURES
    ]
    alerts += [
        f"{event['source']} : {event['phrase']}"
        for event in extractions
        if event.get("nature") in archive.NOTEWORTHY or event.get("colonnes_nouvelles")
    ]
    missing = sorted(set(fetched_sources()) - {event["source"] for event in extractions})
    alerts += [f"{source_id} : extraction interrompue" for source_id in missing]
    today = get_settings().today
    alerts += [f"source en retard — {sentence}" for sentence in late_sources(today)]
    alerts += [f"publication trimestrielle — {sentence}" for sentence in agenda.alerts(today)]
    if state == "echec":
        alerts.insert(0, "la nuit n'a rien publié : la dernière version reste servie")
    elif _dashboards_failed(steps):
        alerts.insert(0, DASHBOARDS_BEHIND)
    return alerts


def _dashboards_failed(steps: list[dict]) -> bool:
    return any((step["etape"], step["etat"]) == ("tableaux de bord", "echec") for step in steps)


def _render(night: str, state: str, steps: list[dict], extractions: list[dict], alerts: list[str]) -> str:
    settings = get_settings()
    console = Console(file=io.StringIO(), width=WIDTH, force_terminal=False, highlight=False)
    kind = "DONNÉES D'ESSAI (chiffres fictifs)" if settings.is_trial else "données réelles"
    heading = {
        "publie": "une nouvelle version est servie",
        "inchange": "rien n'a changé : la version servie reste la même",
        "echec": "ÉCHEC, rien n'est publié : la dernière version reste servie",
    }
    told = DASHBOARDS_BEHIND if state == "publie" and _dashboards_failed(steps) else heading[state]
    console.print(f"\nNuit {night} — {kind}\n{told}\n")
    _print_steps(console, steps, extractions)
    _print_extractions(console, extractions)
    if settings.published_warehouse.exists():
        _print_indicators(console, settings.published_warehouse)
    _print_outside_catalogue(console)
    if alerts:
        console.print("\nAlertes")
        for alert in alerts:
            console.print(f"  ! {alert}", soft_wrap=True)
    _print_next(console)
    return console.file.getvalue()


def _print_steps(console: Console, steps: list[dict], extractions: list[dict]) -> None:
    table = _table("Étape", "Durée", "Résultat")
    seconds = sum(event["duree_s"] for event in extractions)
    counts = [
        f"{len(list(group))} {RESULTS[kind].lower()}"
        for kind, group in itertools.groupby(sorted(e["resultat"] for e in extractions))
    ]
    table.add_row("extraction", _seconds(seconds), f"{len(extractions)} sources : {', '.join(counts)}")
    by_name = {step["etape"]: step for step in steps}
    for name in STEPS:
        if step := by_name.get(name):
            table.add_row(name, _seconds(step["duree_s"]), step["phrase"])
    console.print(table)
    console.print()


def _print_extractions(console: Console, extractions: list[dict]) -> None:
    """What moved, one line each; what did not is told by its number, and by name in ``status``."""
    by_source = sorted(extractions, key=lambda e: e["source"])
    table = _table("Source", "Résultat", "Détail")
    for event in by_source:
        if event["resultat"] not in QUIET:
            table.add_row(event["source"], RESULTS[event["resultat"]], event["phrase"])
    if table.row_count:
        console.print(table)
        console.print()
    if absent := [event["source"] for event in by_source if event["resultat"] == "sans_fichier"]:
        console.print(f"Sans fichier dans le dossier d'extraits : {', '.join(absent)}\n")


def _print_indicators(console: Console, database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        codes = connection.execute(
            "select code_indicateur, libelle, unite, decimales from marts.catalogue_indicateurs order by 1"
        ).fetchall()
        table = _table(
            "Indicateur", "Trimestre", "France", "Unité", "Ont un chiffre", "Les autres départements"
        )
        for code, *_, unit, decimals in codes:
            table.add_row(code, *_summarise(connection, code, unit, decimals))
        console.print(table)
        console.print("\nLes trimestres, en bref (département : statut le plus fréquent)")
        for code, *_ in codes:
            console.print(f"  {code} : {_periods(connection, code)}", soft_wrap=True)


def _summarise(connection, code: str, unit: str, decimals: int) -> tuple[str, ...]:
    """Last quarter with a figure of its own, France's figure, who has one, why the others do not."""
    last = connection.execute(
        "select max(trimestre) from marts.indicateurs_trimestriels where code_indicateur = ? "
        "and statut in ('observe', 'provisoire', 'estime') and age_trimestres = 0",
        [code],
    ).fetchone()[0]
    if last is None:
        return "—", "—", unit, "aucun territoire", _reasons(connection, code, None)
    france, departments, regions = connection.execute(
        "select any_value(valeur) filter (niveau = 'france'), count(valeur) filter (niveau = 'departement'), "
        "coalesce(list(code_territoire order by code_territoire) "
        "filter (niveau = 'region' and valeur is not null), []) "
        "from marts.indicateurs_trimestriels where code_indicateur = ? and trimestre = ?",
        [code, last],
    ).fetchone()
    value = french.number(france, decimals) if france is not None else "—"
    named = {0: "aucune région", 1: f"région {''.join(regions)}"}.get(len(regions), f"{len(regions)} régions")
    return last, value, unit, f"{departments} départements, {named}", _reasons(connection, code, last)


def _reasons(connection, code: str, quarter: str | None) -> str:
    rows = connection.execute(
        "select coalesce(motif, statut), count(*) from marts.indicateurs_trimestriels "
        "where code_indicateur = $1 and niveau = 'departement' and valeur is null "
        "and trimestre = coalesce($2, (select max(trimestre) from marts.indicateurs_trimestriels)) "
        "group by 1 order by 2 desc",
        [code, quarter],
    ).fetchall()
    return ", ".join(f"{count} {reason}" for reason, count in rows) or "—"


def _periods(connection, code: str) -> str:
    """« 2024T4 observé · 2025T1–2026T1 reporté · … », the most recent periods last."""
    rows = connection.execute(
        "select trimestre, mode(statut || coalesce(' (' || motif || ')', '')) "
        "from marts.indicateurs_trimestriels "
        "where code_indicateur = ? and niveau = 'departement' group by trimestre order by trimestre",
        [code],
    ).fetchall()
    periods = []
    for status, group in itertools.groupby(rows, key=lambda row: row[1]):
        quarters = [quarter for quarter, _ in group]
        span = quarters[0] if len(quarters) == 1 else f"{quarters[0]}–{quarters[-1]}"
        word, _, reason = status.partition(" ")
        periods.append(f"{span} {STATUS_WORDS[word]}{' ' + reason if reason else ''}")
    shown = periods[-SHOWN_PERIODS:]
    return ("… · " if len(periods) > SHOWN_PERIODS else "") + " · ".join(shown)


def _print_outside_catalogue(console: Console) -> None:
    """Files of the folder of extracts whose source has no contract yet: left where they are, and told."""
    folder = get_settings().extraits
    if folder is None:
        return
    unknown = sorted({given.source for given in read_index(folder)} - set(load_sources()))
    if unknown:
        console.print(f"\nSources du dossier sans contrat au catalogue (non lues) : {', '.join(unknown)}")


def _print_next(console: Console) -> None:
    settings = get_settings()
    prefix = "" if settings.is_trial else "ACCES_SOINS_SOURCES=direct "
    checks = settings.reports / "controles"
    console.print("\nPour la suite")
    if version := publication.current_version():
        console.print(
            f"  données servies : {settings.current} (version {version['version']})", soft_wrap=True
        )
    if checks.is_dir():
        latest = max(checks.iterdir(), key=lambda folder: folder.stat().st_mtime)
        console.print(f"  contrôles : {latest / 'index.html'}", soft_wrap=True)
    question = "select * from marts.indicateurs_trimestriels where code_territoire = '28' limit 5"
    console.print(f'  {prefix}.venv/bin/acces-soins sql "{question}"', soft_wrap=True)
    console.print(f"  {prefix}.venv/bin/acces-soins status", soft_wrap=True)
    console.print(
        f"  {prefix}make serve        tableaux de bord et ordonnanceur, sur cette machine", soft_wrap=True
    )


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for header in headers:
        table.add_column(header, overflow="fold", no_wrap=not table.columns)
    return table


def _seconds(value: float) -> str:
    return f"{french.number(value, 1)} s"
