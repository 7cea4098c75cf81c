"""Steps that only write down that they were called; FAUSSE_NUIT says which one misbehaves, and how."""

import json
import os
import signal
from pathlib import Path

CALLS = Path(os.environ["ACCES_SOINS_DONNEES"]) / "appels.jsonl"
scenario = os.environ.get("FAUSSE_NUIT", "")
NIGHT = "20261122T013000Z"


def _record(step: str, **details) -> None:
    from acces_soins.progress import announce

    announce(f"fausse étape {step}")
    with CALLS.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"etape": step, "pid": os.getpid(), **details}) + "\n")
    if scenario == f"{step} tombe":
        raise RuntimeError("panne imprévue")
    if scenario == f"{step} tuée":
        os.kill(os.getpid(), signal.SIGKILL)


def open_night() -> str:
    _record("open_night")
    return NIGHT


def extract(source_id: str, night: str) -> dict:
    from acces_soins.errors import RefusedInput

    _record("extract", source=source_id, nuit=night)
    if "une source refusée" in scenario and source_id.startswith("drees."):
        raise RefusedInput("apl.xlsx", "feuille APL", "13 colonnes", "12", "Voir la quarantaine.")
    return {"etat": "nouveau"}


def take_deposits(night: str | None = None) -> list:
    _record("take_deposits", nuit=night)
    return []


def build(night: str) -> dict:
    _record("build", nuit=night)
    return {"etat": "inchange" if "rien de neuf" in scenario else "construit"}


def check(night: str) -> dict:
    from acces_soins.errors import CriticalCheckFailed

    _record("check", nuit=night)
    if scenario == "contrôle critique":
        raise CriticalCheckFailed("101 départements attendus ; 100 trouvés.")
    return {}


def publish(night: str) -> dict:
    _record("publish", nuit=night)
    return {}


def refresh_dashboards(night: str) -> dict:
    _record("refresh_dashboards", nuit=night)
    return {}


def close_night(night: str) -> dict:
    from acces_soins.settings import get_settings

    _record("close_night", nuit=night)
    state = "inchange" if "rien de neuf" in scenario else "publie"
    state = "echec" if scenario == "contrôle critique" else state
    alerts = [f"motif : {scenario}"] if "refusée" in scenario or "critique" in scenario else []
    reports = get_settings().reports
    reports.mkdir(parents=True, exist_ok=True)
    (reports / "derniere_nuit.txt").write_text(f"Compte rendu : {state}\n", encoding="utf-8")
    if scenario == "entretien en échec":
        return {"etat": state, "alertes": ["élagage en échec : disque plein"], "entretien": "echec"}
    return {"etat": state, "alertes": alerts, "entretien": "fait"}
