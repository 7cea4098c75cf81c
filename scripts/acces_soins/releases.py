"""Quarterly releases: proposed from the served version, approved by a person, frozen, never rewritten.

A proposal (``publication/propositions/<name>``) pins a version and shows the report of what moved. What is
approved is what was shown: the release (``publication/releases/<name>``) is made of the pinned version,
whatever was served since. Releases are named by their quarter and rank: ``2026T3-r0``, then ``-r1``.
"""

import datetime as dt
import re
import shutil
from dataclasses import replace
from pathlib import Path

from acces_soins import comparison, durable, frozen, ledger, publication, verification
from acces_soins.comparison import RELEASE_FILE, Side, read_side
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.formats import checksums
from acces_soins.landing import now, sha256_of
from acces_soins.settings import get_settings
from acces_soins.versioning import Inputs, run_stamp
from acces_soins.warehouse import DATABASE

PROPOSAL_FILE = "proposition.json"
REFUSED_FOLDER = ".refusees"
NAME = re.compile(r"^(?P<quarter>\d{4}T[1-4])-r(?P<rank>0|[1-9]\d*)$")
PROPOSED, REFUSED = "proposee", "refusee"


def propose(quarter: str, reasons: str | None = None) -> dict:
    """Make a candidate of the served version and write its report; returns its ``proposition.json``.

    ``reasons`` is what a correction (``-r1`` and after) is for: it must be given then.

    Raises ConfigurationError when there is no version of that quarter or no reason for a correction,
    AccesSoinsError when a candidate of the quarter already waits, when nothing changed, or when ``verify``
    would not pass its tables or its sums.
    """
    reasons = (reasons or "").strip() or None
    with publication.locked():
        record_missing()
        _refuse_lost_releases()
        served = _served(quarter)
        if waiting := pending_of(quarter):
            raise AccesSoinsError(
                f"{waiting['publication']} attend déjà une réponse (version {waiting['version']}, proposée "
                f"le {_day(waiting['proposee_le'])}) : l'approuver ou la refuser d'abord."
            )
        earlier = of_quarter(quarter)
        name = f"{quarter}-r{len(earlier)}"
        if earlier and not reasons:
            raise ConfigurationError(
                f"{name} corrige {earlier[-1]['publication']} : dire pourquoi (--reasons « … »), "
                "les raisons sont publiées avec elle."
            )
        contracts = _followed_contracts(served)
        reference = _reference(quarter)
        candidate = replace(read_side(publication.version_folder(served["version"])), name=name)
        told = comparison.compare(reference, candidate)
        if told["identiques"]:
            raise AccesSoinsError(
                f"rien n'a changé depuis {reference.name} : aucun chiffre, aucune définition. "
                "Attendre une version qui apporte du nouveau."
            )
        proposal = {
            "publication": name,
            "proposition": f"{name}-{run_stamp()}",
            "trimestre": quarter,
            "version": served["version"],
            "proposee_le": now(),
            "raisons": reasons,
            "comparee_a": reference.name if reference else None,
            "empreinte_entrepot": sha256_of(publication.version_folder(served["version"]) / DATABASE),
            "contrats": contracts,
        }
        _write_proposal(proposal, told)
        ledger.append(ledger.PROPOSALS, {"evenement": PROPOSED, **_entry(proposal)})
    return proposal


def freeze(name: str, approved_by: str, proposal: str | None = None, remark: str | None = None) -> dict:
    """Freeze the candidate of that name, as it was shown; returns its ``release.json``.

    Args:
        name: ``2026T3-r0``.
        approved_by: the person who approves.
        proposal: id of the proposal that was shown, where the answer comes from another place than here.
        remark: what that person adds.

    Raises AccesSoinsError when it is frozen already, when nothing waits under that name, or when the
    pinned version is no longer what was shown. The folder appears whole, or not at all.
    """
    approved_by = approved_by.strip()
    if not approved_by:
        raise ConfigurationError(f"{name} : dire qui approuve, son nom est publié avec elle.")
    with publication.locked(wait=True):
        record_missing()
        shown = _answerable(name, proposal)
        version = _pinned(shown)
        release = _describe(shown, version, approved_by, (remark or "").strip() or None)
        frozen.make(
            release,
            publication.version_folder(release["version"]),
            read_comparison(proposal_folder(shown)),
            notes_of(release),
        )
        record_missing()
    return release


def refuse(name: str, refused_by: str, reason: str, proposal: str | None = None) -> dict:
    """Record that a person refused the candidate, and why; it can be proposed again.

    Raises AccesSoinsError as ``freeze`` does, ConfigurationError without a name or a reason.
    """
    refused_by, reason = refused_by.strip(), reason.strip()
    if not refused_by or not reason:
        raise ConfigurationError(f"{name} : un refus dit qui refuse et pourquoi.")
    with publication.locked(wait=True):
        record_missing()
        shown = _answerable(name, proposal)
        event = {"evenement": REFUSED, **_entry(shown), "refusee_par": refused_by, "raison_du_refus": reason}
        ledger.append(ledger.PROPOSALS, event)
        record_missing()
    return event


def verify(name: str) -> list[str]:
    """Verify a frozen release; returns what was found good, one French sentence each.

    Raises ConfigurationError for a name that is no release, AccesSoinsError as
    ``verification.verify`` does.
    """
    known = _names()
    if name not in known:
        raise ConfigurationError(
            f"« {name} » n'est pas une publication figée. Connues : {', '.join(known) or 'aucune'}."
        )
    return verification.verify(get_settings().releases / name)


def all_frozen() -> list[dict]:
    """Every release as its ``release.json``, by quarter and rank."""
    return [frozen.read_json(get_settings().releases / name / RELEASE_FILE) for name in _names()]


def pending() -> list[dict]:
    """The proposals that nobody has answered yet."""
    answered = {release["proposition"] for release in all_frozen()} | {
        event["proposition"] for event in ledger.read(ledger.PROPOSALS) if event["evenement"] == REFUSED
    }
    paths = sorted(get_settings().proposals.glob(f"[!.]*/{PROPOSAL_FILE}"))
    return [told for path in paths if (told := frozen.read_json(path))["proposition"] not in answered]


def pending_of(quarter: str) -> dict | None:
    """The proposal of that quarter which nobody has answered yet."""
    return next((told for told in pending() if told["trimestre"] == quarter), None)


def of_quarter(quarter: str) -> list[dict]:
    """The releases of a quarter, by rank."""
    return [release for release in all_frozen() if release["trimestre"] == quarter]


def quarter_of(day: dt.date) -> str:
    """« 2026T3 »."""
    return f"{day.year}T{(day.month + 2) // 3}"


def lost() -> list[str]:
    """The releases that only the register remembers."""
    return sorted({event["publication"] for event in ledger.read(ledger.RELEASES)} - set(_names()))


def pinned_versions() -> set[str]:
    """The versions that a proposal or a release was made of: pruning leaves them."""
    return {told["version"] for told in (*all_frozen(), *pending())}


def record_missing() -> None:
    """End what a killed freeze or refusal left to do: the line of the register, the answered proposals.

    To be called before a build, whose calendar is made of the register.
    """
    entered = {event["publication"] for event in ledger.read(ledger.RELEASES)}
    releases = all_frozen()
    for release in releases:
        if release["publication"] not in entered:
            folder = get_settings().releases / release["publication"]
            ledger.append(
                ledger.RELEASES, {**_entry(release), "empreinte_sommes": sha256_of(folder / checksums.FILE)}
            )
    waiting = {told["proposition"] for told in pending()}
    for path in get_settings().proposals.glob(f"[!.]*/{PROPOSAL_FILE}"):
        told = frozen.read_json(path)
        if told["proposition"] not in waiting:
            refused = get_settings().proposals / REFUSED_FOLDER / told["proposition"]
            if told["proposition"] in {release["proposition"] for release in releases}:
                shutil.rmtree(path.parent)
            else:
                refused.parent.mkdir(exist_ok=True)
                path.parent.rename(refused)


def find(name: str) -> Path:
    """Folder of a release, of a version, or of the served one (« courante »).

    Raises ConfigurationError with the names that exist.
    """
    settings, known = get_settings(), _names()
    if name in known:
        return settings.releases / name
    if name == settings.current.name and settings.current.exists():
        return settings.current.resolve()
    versions = settings.publication / publication.VERSIONS
    kept = sorted(path.name for path in versions.glob("[!.]*"))
    if name in kept:
        return versions / name
    raise ConfigurationError(
        f"« {name} » n'est ni une publication figée ni une version gardée. Connues : "
        f"{', '.join([*known, *kept, settings.current.name])}."
    )


def proposal_folder(proposal: dict) -> Path:
    """Where a proposal that waits keeps its report."""
    return get_settings().proposals / proposal["publication"]


def read_comparison(folder: Path) -> dict:
    """The comparison that a proposal or a release shows."""
    return frozen.read_json(folder / f"{frozen.REPORT}.json")


def notes_of(told: dict) -> list[str]:
    """What a report says first, in French sentences: the reasons, and what came since."""
    return [
        *([f"Raisons de la révision : {told['raisons']}"] if told.get("raisons") else []),
        *told.get("notes", []),
    ]


def _names() -> list[str]:
    """The releases that are there, by quarter and rank."""
    found = [match for path in get_settings().releases.glob("*") if (match := NAME.match(path.name))]
    return [match[0] for match in sorted(found, key=lambda match: (match["quarter"], int(match["rank"])))]


def _refuse_lost_releases() -> None:
    """A release that only the register remembers would give its name to another one."""
    if names := lost():
        raise AccesSoinsError(
            f"{', '.join(names)} : au registre, mais sans dossier dans {get_settings().releases}. "
            "Le reprendre d'une sauvegarde avant de proposer."
        )


def _served(quarter: str) -> dict:
    served = publication.current_version()
    if served is None:
        raise ConfigurationError("rien n'est encore publié : attendre une première nuit réussie.")
    closed = quarter_of(dt.date.fromisoformat(served["date_arrete"]))
    if closed != quarter:
        raise ConfigurationError(
            f"la version servie arrête ses séries à {closed} : elle ne peut devenir une publication "
            f"de {quarter}. Proposer {closed}, ou publier d'abord une version arrêtée à {quarter}."
        )
    return served


def _followed_contracts(served: dict) -> verification.Contracts:
    """The contracts of the published tables, once the served version is seen to follow them and to add up."""
    contracts = verification.published_contracts()
    _, faults = verification.judge(publication.version_folder(served["version"]) / DATABASE, contracts)
    if faults:
        raise AccesSoinsError(
            f"la version servie ({served['version']}) ne peut pas être proposée : {' '.join(faults)} "
            "Corriger le code ou la source en cause, et attendre la version de la prochaine nuit."
        )
    return contracts


def _reference(quarter: str) -> Side | None:
    """What a candidate is compared with: the release that it corrects, else the last one before it."""
    before = [release for release in all_frozen() if release["trimestre"] <= quarter]
    return read_side(get_settings().releases / before[-1]["publication"]) if before else None


def _answerable(name: str, proposal: str | None) -> dict:
    """The proposal that an answer is about; an answer to another one, or a second answer, is told so."""
    done = next((release for release in all_frozen() if release["publication"] == name), None)
    if done and proposal in (None, done["proposition"]):
        raise AccesSoinsError(
            f"{name} est déjà figée, approuvée par {done['approuvee_par']} le {_day(done['figee_le'])} : une "
            "publication ne se réécrit pas. Pour la corriger, en proposer une nouvelle avec ses raisons."
        )
    shown = next((told for told in pending() if told["publication"] == name), None)
    if shown is None or proposal not in (None, shown["proposition"]):
        raise AccesSoinsError(
            f"{name} : la proposition à laquelle répondre n'attend plus (déjà refusée ou remplacée). "
            "Voir « acces-soins propose », et répondre à la dernière."
        )
    return shown


def _pinned(shown: dict) -> dict:
    """``version.json`` of the version that was shown, if it is still the same bytes, made by this code."""
    folder = publication.version_folder(shown["version"])
    if not (folder / DATABASE).is_file() or sha256_of(folder / DATABASE) != shown["empreinte_entrepot"]:
        raise AccesSoinsError(
            f"{folder / DATABASE} n'est plus ce qui a été montré (absent ou modifié) : refuser "
            f"{shown['publication']}, puis proposer à nouveau."
        )
    _, faults = verification.judge(folder / DATABASE, verification.published_contracts())
    if faults:
        raise AccesSoinsError(
            f"{shown['publication']} : le code en place n'est plus celui de la proposition, et ne sait pas "
            f"faire les fichiers de cette version : {' '.join(faults)} La refuser, attendre la version de la "
            "prochaine nuit, puis proposer à nouveau."
        )
    return frozen.read_json(folder / publication.VERSION_FILE)


def _describe(shown: dict, version: dict, approved_by: str, remark: str | None) -> dict:
    served = publication.current_version()
    newer = served["version"] if served and served["version"] != shown["version"] else None
    note = f"À l'approbation, une version plus récente était servie ({newer}) : elle n'est pas ici."
    earlier = of_quarter(shown["trimestre"])
    return {
        **{key: shown[key] for key in ("publication", "proposition", "trimestre", "version", "raisons")},
        "corrige": earlier[-1]["publication"] if earlier else None,
        "comparee_a": shown["comparee_a"],
        "proposee_le": shown["proposee_le"],
        "approuvee_par": approved_by,
        "figee_le": now(),
        "remarque": remark,
        "notes": [note] if newer else [],
        "version_plus_recente": newer,
        "version_parente": version["parent"],
        "empreinte": version["empreinte"],
        "entrees": {name: version[name] for name in Inputs.__dataclass_fields__ if name in version},
        "contrats": shown["contrats"],
    }


def _write_proposal(proposal: dict, told: dict) -> None:
    proposals = get_settings().proposals
    proposals.mkdir(parents=True, exist_ok=True)
    draft = proposals / f".{proposal['publication']}"
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir()
    frozen.write_report(draft, told, notes_of(proposal))
    durable.write_json(draft / PROPOSAL_FILE, proposal)
    durable.put_in_place(draft, proposal_folder(proposal))


def _entry(told: dict) -> dict:
    """What the register keeps of a proposal or of a release; the rest is in its folder."""
    left_out = ("entrees", "contrats", "notes")
    return {key: value for key, value in told.items() if key not in left_out}


def _day(stamp: str) -> str:
    return f"{dt.datetime.fromisoformat(stamp):%d/%m/%Y}"
