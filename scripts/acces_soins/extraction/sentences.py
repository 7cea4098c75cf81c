"""What a portal did wrong, as one French sentence: ``{url} : {what} ; {action}.``"""

import errno
import json
from pathlib import Path

import httpx

from acces_soins import french
from acces_soins.errors import PortalError
from acces_soins.extraction import policy
from acces_soins.settings import get_settings

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
AGAIN = "relancer l'extraction plus tard"
TELL = "relancer l'extraction plus tard, puis prévenir le portail si cela demeure"
START_REPLICA = "la lancer à côté (python -m acces_soins.trial.replica), ou lancer la nuit entière (make run)"
LONGEST_QUOTE = 300
# Keys that only an error has, in the JSON of Opendatasoft (v2 and v1) and of data.gouv.fr.
ERROR_KEYS = ("error_code", "errorcode", "error", "errors")


class NotFound(PortalError):
    """Status 404 or 410: what was asked for is not, or no more, at that address."""

    def __init__(self, url: str, status: int, said: str):
        self.url, self.status, self.said = url, status, said
        super().__init__(str(portal_error(url, f"le portail répond {status}{said}", action_for(status))))


def portal_error(url: str, what: str, action: str) -> PortalError:
    return PortalError(f"{url} : {what} ; {action}.")


def refused_status(url: str, status: int, body: bytes) -> PortalError:
    """The sentence for a status that no further attempt will change."""
    message = portal_message(body)
    said = f" (« {message} »)" if message else ""
    if status in (404, 410):
        return NotFound(url, status, said)
    return portal_error(url, f"le portail répond {status}{said}", action_for(status))


def action_for(status: int) -> str:
    if status in (401, 403):
        return "vérifier que le portail est toujours ouvert sans clé d'accès"
    return "vérifier l'identifiant ou le chemin dans le catalogue des sources"


def html_error(url: str) -> PortalError:
    return portal_error(
        url,
        "page HTML reçue à la place des données",
        "ouvrir l'adresse dans un navigateur (maintenance, ou adresse changée), puis relancer l'extraction",
    )


def json_error(url: str, body: bytes) -> PortalError:
    message = portal_message(body)
    what = f"erreur du portail à la place des données : « {message} »" if message else (
        "réponse JSON reçue à la place du fichier"
    )  # fmt: skip
    return portal_error(url, what, f"{TELL} ou corriger l'adresse dans le catalogue des sources")


def not_json(url: str) -> PortalError:
    return portal_error(
        url,
        "la réponse n'est pas un objet JSON",
        "vérifier l'adresse de l'API dans le catalogue des sources",
    )


def empty(url: str) -> PortalError:
    return portal_error(
        url,
        "réponse vide à la place des données",
        "vérifier sur le portail que le jeu est publié, puis relancer l'extraction",
    )


def too_big(url: str, size: int | None, limit: int) -> PortalError:
    """``size`` is what was announced; None when the limit was met on the way."""
    said = f"{_megabytes(size)} annoncés" if size is not None else "réponse sans fin"
    return portal_error(
        url,
        f"{said}, pour une limite de {_megabytes(limit)}",
        "vérifier que l'adresse est la bonne ; si le jeu a vraiment grossi, "
        "relever « taille_max_mo » dans le contrat de la source",
    )


def broken_encoding(url: str, encoding: str, why: str) -> PortalError:
    return portal_error(url, f"réponse compressée ({encoding}) illisible : {why}", TELL)


def storage_error(error: OSError, path: Path, url: str) -> PortalError:
    if error.errno in NO_ROOM:
        return portal_error(
            url,
            f"plus de place sur le disque pour écrire {path}",
            "libérer de la place, puis relancer l'extraction",
        )
    return portal_error(
        url, f"écriture de {path} impossible ({error.strerror})", "vérifier les droits du dossier"
    )


def portal_message(body: bytes) -> str | None:
    """The portal's own words in a JSON error, on one line; None when the body is no such object."""
    try:
        content = json.loads(body)
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    code = content.get("error_code") or content.get("errorcode")
    text = next((content[key] for key in ("message", "error", "errors", "detail") if content.get(key)), None)
    words = " ".join(str(text or code or "").split())[:LONGEST_QUOTE]
    return f"{words} ({code})" if code and text else words or None


def is_portal_error(content: object) -> bool:
    return isinstance(content, dict) and any(content.get(key) for key in ERROR_KEYS)


def explain(error: Exception, url: str) -> PortalError:
    """The sentence for what the network did, once every attempt has failed."""
    tries = f"{policy.POLICY.attempts} tentatives"
    if refused := policy.certificate_problem(error):
        return portal_error(
            url,
            f"certificat refusé ({refused}), l'identité du portail n'est pas prouvée",
            "prévenir le portail, ou mettre à jour les autorités de certification de la machine ; "
            "ne jamais passer outre",
        )
    match error:
        case policy.Busy(status=429):
            return portal_error(url, f"le portail demande d'attendre (429, {tries})", AGAIN)
        case policy.Busy():
            return portal_error(url, f"le portail est en panne ({error.status}, {tries})", AGAIN)
        case httpx.RemoteProtocolError():
            # h11 counts the bytes: it raises this when fewer came than announced.
            return portal_error(url, f"réponse tronquée, connexion coupée avant la fin ({tries})", AGAIN)
        case httpx.TimeoutException():
            return portal_error(url, f"le portail ne répond pas à temps ({tries})", AGAIN)
        case httpx.NetworkError() if get_settings().is_trial:
            what = f"connexion impossible : la réplique locale des portails ne tourne pas ({tries})"
            return portal_error(url, what, START_REPLICA)
        case httpx.NetworkError():
            what = f"connexion impossible : portail arrêté ou nom inconnu ({tries})"
            return portal_error(url, what, "vérifier le réseau et le portail, puis relancer l'extraction")
        case httpx.TooManyRedirects():
            what = f"plus de {policy.POLICY.max_redirects} redirections"
            return portal_error(url, what, action_for(404))
    return portal_error(url, "adresse ou réponse illisible", action_for(404))


def _megabytes(size: int) -> str:
    return f"{french.number(size / 1e6)} Mo"
