"""The steps of a night, as plain functions: DAG tasks and the command line call the same ones.

Each step of a night writes what it did to ``travail/<nuit>/etapes.jsonl``; the report reads it.
"""

import contextlib
import datetime as dt
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from acces_soins import (
    agenda,
    archive,
    comparison_page,
    dashboards,
    deposits,
    disclosure,
    drop_box,
    extraction,
    french,
    frozen,
    history,
    landing,
    ledger,
    publication,
    quality,
    reception,
    release_list,
    releases,
    report,
    retention,
    warehouse,
)
from acces_soins.catalog import Source, get_source
from acces_soins.errors import AccesSoinsError, ConfigurationError, CriticalCheckFailed, RefusedInput
from acces_soins.progress import announce
from acces_soins.settings import get_settings
from acces_soins.versioning import RUN_FORMAT, Inputs, current_inputs, run_stamp

logger = logging.getLogger(__name__)

KEPT_WORK = dt.timedelta(days=2)
INPUTS, CHECKS = "entrees.json", "controles.json"


def open_night() -> str:
    """Start a night: its id, its private folder; what old nights left there goes."""
    settings = get_settings()
    night = run_stamp()
    settings.work.mkdir(parents=True, exist_ok=True)
    for folder in settings.work.iterdir():
        if _age(folder.name) > KEPT_WORK:
            shutil.rmtree(folder)
    warehouse.work_folder(night).mkdir(parents=True)
    _record_served_version()
    releases.record_missing()
    kind = "données d'essai (fictives)" if settings.is_trial else "données réelles"
    announce(f"nuit {night}, {kind}, trimestres arrêtés au {settings.closing_date:%d/%m/%Y}")
    return night


def extract(source_id: str, night: str) -> dict:
    """Fetch a source, or take it from the folder of extracts; returns the event as the ledger keeps it.

    Raises PortalError or RefusedInput, after the failure is recorded; the last good edition stays.
    """
    source = get_source(source_id)
    folder = warehouse.work_folder(night) / "recu" / source.id
    started = time.monotonic()
    try:
        event = (
            _take_extracts(source, folder, night)
            if get_settings().extraits
            else _fetch(source, folder, night)
        )
    except AccesSoinsError as error:
        kind = "refus" if isinstance(error, RefusedInput) else "echec"
        _record_extraction(source.id, night, started, {"resultat": kind, "phrase": str(error)})
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _record_extraction(source.id, night, started, event)


def take_deposits(night: str | None = None) -> list[dict]:
    """Judge what partners left in the drop box; each file is landed or refused, and answered.

    A refusal does not stop the others: it is in the acknowledgement, the ledger and the night's alert.
    Outside a night the pass has an id of its own, and its caller writes the pages of its checks.
    """
    run = night or run_stamp()
    with drop_box.only_taker():
        # What its giver took back since the list was made is no more to be judged.
        return [_take(left, run) for left in drop_box.waiting() if os.path.lexists(left.path)]


def deposit(given: deposits.Deposit) -> dict:
    """Land one deposited file, outside any night; same checks, same records as an extraction."""
    source, run = get_source(given.source), run_stamp()
    folder = get_settings().work / run / source.id
    started = time.monotonic()
    try:
        verdict = deposits.deposit(given, folder, run)
    except RefusedInput as error:
        _record_extraction(source.id, run, started, {"resultat": "refus", "phrase": str(error)})
        raise
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)
    return _record_extraction(source.id, run, started, _event(source, verdict))


def build(night: str) -> dict:
    """Build the private warehouse, unless the served version was made of the very same inputs."""
    with _step(night, "construction") as done:
        inputs = current_inputs()
        served = publication.current_version()
        if served and served["empreinte"] == inputs.fingerprint:
            done |= {"etat": "inchange", "phrase": f"rien de nouveau depuis la version {served['version']}"}
            return done
        folder = warehouse.work_folder(night)
        database = warehouse.build(folder, inputs)
        (folder / INPUTS).write_text(json.dumps(asdict(inputs)), encoding="utf-8")
        done |= {"etat": "construit", "phrase": report.describe_build(database, warehouse.warnings(folder))}
        return done


def check(night: str) -> dict:
    """Great Expectations, then the attacker of confidential figures, on what would be published.

    Raises CriticalCheckFailed: the publication stops and the last version stays served.
    """
    with _step(night, "contrôles") as done:
        folder = warehouse.work_folder(night)
        _require(folder / INPUTS, night, "build")
        served = get_settings().published_warehouse
        results = quality.check_publication(
            folder / warehouse.DATABASE, served if served.exists() else None, night
        )
        results += disclosure.audit(folder / warehouse.DATABASE, night)
        rows = quality.as_rows(results, quality.EXIT)
        (folder / CHECKS).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        ledger.append(ledger.EXIT_CHECKS, {"nuit": night, "controles": rows})
        warnings = sum(r.resultat == "echoue" and r.severite == "avertissement" for r in results)
        passed = sum(r.resultat == "reussi" for r in results)
        told = (french.counted(passed, "réussi(s)"), french.counted(warnings, "avertissement(s)"))
        done |= {"etat": "fait", "phrase": ", ".join(told)}
        if failure := quality.first_critical(results):
            raise CriticalCheckFailed(f"contrôle critique {failure.controle} : {failure.phrase}")
        return done


def publish(night: str) -> dict:
    """Make a version of the checked build and swap the link.

    Raises CriticalCheckFailed when the checks of that build did not pass, whoever asks.
    """
    with _step(night, "publication") as done:
        folder = warehouse.work_folder(night)
        _require(folder / CHECKS, night, "check")
        inputs = Inputs(**json.loads((folder / INPUTS).read_text(encoding="utf-8")))
        checks = json.loads((folder / CHECKS).read_text(encoding="utf-8"))
        failed = [row["controle"] for row in checks if _stops(row)]
        if failed:
            raise CriticalCheckFailed(
                f"contrôles critiques en échec : {', '.join(failed)}. Rien n'est publié."
            )
        version = publication.publish(
            folder / warehouse.DATABASE,
            inputs,
            warehouse.published_relations(),
            [*reception.last_checks(), *checks],
            night,
        )
        history.record(version)
        done |= {"etat": "publie", "phrase": f"version {version['version']}", "version": version["version"]}
        return done


def refresh_dashboards(night: str) -> dict:
    """Bring the dashboards to the code's state and to the served version."""
    with _step(night, "tableaux de bord") as done:
        version = publication.current_version()
        if version is None:
            done |= {"etat": "rien", "phrase": "aucune version publiée"}
            return done
        dashboards.update(version["version"])
        done |= {"etat": "fait", "phrase": "à jour"}
        return done


def due_release() -> str | None:
    """The quarter about which a person must be asked today, or None."""
    return agenda.due(get_settings().today)


def propose_release(quarter: str) -> dict:
    """Propose the served version for a quarter; returns {publication, proposition, objet, corps}.

    A candidate that still waits (proposed by hand, or asked by a run that was stopped) is asked about
    again. ``objet`` and ``corps`` (Markdown) are what the person who must answer reads.
    """
    proposal = releases.pending_of(quarter) or releases.propose(quarter)
    shown = releases.proposal_folder(proposal)
    kind = "données d'essai, " if get_settings().is_trial else ""
    announce(f"{proposal['publication']} proposée : {shown / f'{frozen.REPORT}.html'}")
    return {
        "publication": proposal["publication"],
        "proposition": proposal["proposition"],
        "objet": f"Publier {proposal['publication']} ? ({kind}version {proposal['version']})",
        "corps": (
            f"{comparison_page.summary(releases.read_comparison(shown), releases.notes_of(proposal))}\n\n"
            f"Rapport entier : `{shown / f'{frozen.REPORT}.html'}`\n\n"
            "Approuver (« Approve ») fige exactement ce que montre ce rapport : la publication ne sera "
            "plus jamais réécrite. Refuser (« Reject ») ne fige rien ; écrire pourquoi."
        ),
    }


def freeze_release(proposal: dict, approved_by: str, remark: str | None = None) -> dict:
    """Freeze what ``propose_release`` showed; returns {publication, dossier, notes}."""
    release = releases.freeze(proposal["publication"], approved_by, proposal["proposition"], remark)
    folder = get_settings().releases / release["publication"]
    release_list.write()
    announce(f"{release['publication']} figée, approuvée par {approved_by} : {folder}")
    return {"publication": release["publication"], "dossier": str(folder), "notes": release["notes"]}


def refuse_release(proposal: dict, refused_by: str, reason: str) -> dict:
    """Record the refusal of what ``propose_release`` showed; nothing is frozen."""
    event = releases.refuse(proposal["publication"], refused_by, reason, proposal["proposition"])
    announce(f"{proposal['publication']} refusée par {refused_by} : {reason}")
    return {"publication": event["publication"], "raison": event["raison_du_refus"]}


def close_night(night: str) -> dict:
    """Write the night's report; returns {etat, alertes, entretien, rapport}.

    ``etat`` is publie, inchange or echec. Housekeeping that fails (``entretien`` is then echec) is one
    more alert; it takes away neither the others nor the report.
    """
    done, extractions = read_steps(night), _extractions(night)
    outcome = report.judge(done, extractions) | {"entretien": "fait"}
    with _chore("élagage", outcome):
        retention.prune()
    with _chore("liste des publications", outcome):
        release_list.write()
    with _chore("pages des contrôles", outcome):
        quality.write_docs(night)
    with _chore("compte rendu", outcome):
        outcome["rapport"] = str(report.write(night, outcome, done, extractions))
    with _chore("registre des nuits", outcome):
        ledger.append(ledger.NIGHTS, {"nuit": night, **outcome})
    shutil.rmtree(warehouse.work_folder(night), ignore_errors=True)
    return outcome


def read_steps(night: str) -> list[dict]:
    """What the steps of a night wrote, in order; a step that was killed wrote nothing."""
    path = warehouse.work_folder(night) / "etapes.jsonl"
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def _require(path: Path, night: str, command: str) -> None:
    if not path.exists():
        raise ConfigurationError(
            f"nuit {night} : rien à reprendre ici. Lancer d'abord « acces-soins {command} » sur une nuit "
            "qui a du nouveau ; une construction inchangée ne se contrôle ni ne se publie."
        )


def _stops(check: dict) -> bool:
    return check["resultat"] == "echoue" and check["severite"] == quality.CRITICAL


def _record_served_version() -> None:
    """A night killed between the swap of the link and the register left this line to write."""
    served = publication.current_version()
    if served:
        history.record(served)


def _fetch(source: Source, folder: Path, night: str) -> dict:
    folder.mkdir(parents=True, exist_ok=True)
    fetched = extraction.fetch(source, landing.last_seen(source), folder)
    if isinstance(fetched, extraction.Unchanged):
        return _unchanged(source, fetched)
    verdict = reception.receive(source, reception.Arrival(fetched), folder, night)
    if not verdict.is_new:
        validators = ("url", "etag", "last_modified", "producer_date")
        landing.note_seen(
            source, verdict.manifest.sha256, **{name: getattr(fetched, name) for name in validators}
        )
    event, latest = _event(source, verdict), landing.counting(source)[-1]
    if not verdict.is_new and verdict.manifest.date < latest.date:
        event["nature"] = archive.Nature.BACKWARDS.value
        event["phrase"] += f" : recul, l'édition {latest.edition} a déjà été reçue"
    return event


def _unchanged(source: Source, told: extraction.Unchanged) -> dict:
    event = {"resultat": "inchange", "phrase": told.reason}
    known = landing.latest(source)
    edition = reception.confirmed_edition(source, known, told.name, told.producer_date)
    return event | _confirmation(known, edition, event["phrase"])


def _confirmation(manifest: landing.Manifest, edition: str | None, phrase: str) -> dict:
    """What an event says more of bytes that their producer gave again for a later edition."""
    if edition is None:
        return {}
    return {
        "confirme": {"sha256": manifest.sha256, "edition": edition},
        "phrase": f"{phrase}, données inchangées et confirmées pour l'édition {edition}",
    }


def _take(left: drop_box.Left, night: str) -> dict:
    """A file's turn: whatever fails it must not stop those of other partners."""
    started = time.monotonic()
    try:
        event = _judge(left, night)
    except Exception as error:
        logger.exception("deposit that could not be judged: %s", left.path)
        why = getattr(error, "strerror", None) or error
        event = {
            "resultat": "echec",
            "phrase": f"dépôt {left.path.name} : {why}. Vérifier la place, les droits et le journal ; le "
            "fichier sera repris au passage suivant.",
        }
    return _record_extraction(left.source, night, started, event)


def _judge(left: drop_box.Left, night: str) -> dict:
    """Land a file or refuse it, and answer its giver; returns the event."""
    folder = get_settings().work / f"depot-{night}"
    judged = None
    try:
        source = drop_box.checked_source(left)
        arrival = deposits.arrival(deposits.Deposit(source.id, left.path, left.edition), folder)
        judged = arrival.sha256
        drop_box.check_sum(left, judged)
        verdict = reception.receive(source, arrival, folder, night)
    except RefusedInput as refusal:
        drop_box.answer(left, judged, drop_box.REFUSED, str(refusal), **refusal.details)
        return {"resultat": "refus", "phrase": f"dépôt {refusal}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    event = _event(source, verdict)
    drop_box.answer(
        left,
        judged,
        drop_box.ACCEPTED if verdict.is_new else drop_box.KNOWN,
        event["phrase"],
        lignes=verdict.manifest.rows,
        archive_le=verdict.manifest.fetched_at,
    )
    return event | {"phrase": f"dépôt, {event['phrase']}"}


def _take_extracts(source: Source, folder: Path, night: str) -> dict:
    given = deposits.indexed(get_settings().extraits, source)
    if not given:
        return {
            "resultat": "sans_fichier",
            "phrase": "aucun fichier pour cette source dans le dossier d'extraits",
        }
    verdicts = deposits.deposit_all(given, folder, night)
    fresh = [verdict for verdict in verdicts if verdict.is_new]
    event = _event(source, fresh[-1] if fresh else verdicts[-1])
    if len(fresh) > 1:
        event["phrase"] = f"{len(fresh)} éditions, dont {event['phrase']}"
    return event


def _event(source: Source, verdict: reception.Verdict) -> dict:
    manifest = verdict.manifest
    if not verdict.is_new:
        phrase = f"mêmes octets que l'édition {manifest.edition}"
        return {"resultat": "inchange", "phrase": phrase} | _confirmation(manifest, verdict.confirms, phrase)
    before = archive.earlier(source, manifest)
    kind = archive.nature(source, manifest, before)
    return {
        "resultat": "nouvelle_edition",
        "edition": manifest.edition,
        "lignes": manifest.rows,
        "sha256": manifest.sha256,
        "nature": kind.value,
        "colonnes_nouvelles": archive.new_columns(manifest, before),
        "phrase": archive.describe(source, manifest, kind, before),
    }


def _record_extraction(source_id: str, night: str, started: float, event: dict) -> dict:
    record = {"nuit": night, "source": source_id, **event, "duree_s": round(time.monotonic() - started, 2)}
    ledger.append(ledger.EXTRACTIONS, record)
    announce(f"{source_id} : {report.RESULTS[event['resultat']]} — {event['phrase']} ({record['duree_s']} s)")
    return record


def _extractions(night: str) -> list[dict]:
    return [record for record in ledger.read(ledger.EXTRACTIONS) if record["nuit"] == night]


@contextlib.contextmanager
def _step(night: str, name: str) -> Iterator[dict]:
    """Time a step and record how it ended, whatever happens inside."""
    done: dict = {"etape": name}
    started = time.monotonic()
    announce(f"{name}…")
    try:
        yield done
    except Exception as error:
        done |= {"etat": "echec", "phrase": str(error)}
        raise
    finally:
        done["duree_s"] = round(time.monotonic() - started, 2)
        path = warehouse.work_folder(night) / "etapes.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(done, ensure_ascii=False) + "\n")
        announce(f"{name} : {done.get('phrase', '')} ({done['duree_s']} s)")


@contextlib.contextmanager
def _chore(name: str, outcome: dict) -> Iterator[None]:
    """Turn a failure, whatever it is, into an alert of the night."""
    try:
        yield
    except Exception as error:
        logger.exception("chore of the closing failed: %s", name)
        outcome["entretien"] = "echec"
        outcome["alertes"].append(
            f"{name} en échec : {error}. Vérifier la place et les droits du dossier des données."
        )


def _age(stamp: str) -> dt.timedelta:
    try:
        born = dt.datetime.strptime(stamp, RUN_FORMAT).replace(tzinfo=dt.UTC)
    except ValueError:
        return dt.timedelta(0)
    return dt.datetime.now(dt.UTC) - born
