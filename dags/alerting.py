"""One alert per night: always in the log, and by e-mail when an SMTP host is set."""

import html
import logging

from airflow.sdk.exceptions import AirflowFailException

from acces_soins.settings import get_settings

log = logging.getLogger(__name__)


class NightFailed(AirflowFailException):
    """The night, or its housekeeping, ended in failure and its alert has been sent already."""


def send(alerts: list[str], context: dict, subject: str = "alerte de la nuit") -> None:
    """Log the alerts (French sentences), then mail them in one message; nothing to say, nothing sent.

    Raises what the mail server answers: an alert that reaches nobody must not look like a quiet night.
    """
    if not alerts:
        return
    for alert in alerts:
        log.error("ALERTE %s", alert)
    smtp = get_settings().smtp
    if smtp.hote:
        _mail(alerts, smtp, context, subject)


def _mail(alerts: list[str], smtp, context: dict, subject: str) -> None:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    kind = "essai" if get_settings().is_trial else "données réelles"
    items = "".join(f"<li>{html.escape(alert)}</li>" for alert in alerts)
    SmtpNotifier(
        to=smtp.recipients,
        from_email=smtp.expediteur,
        subject=f"Accès aux soins ({kind}) : {subject}",
        html_content=f"<p>Exécution {html.escape(str(context.get('run_id', '')))}</p><ul>{items}</ul>",
    ).notify(context)


def on_close_crashed(context: dict) -> None:
    """Callback of ``close_night``: alert only when it broke before it could send the night's alert."""
    error = context.get("exception")
    if not isinstance(error, NightFailed):
        send([f"La nuit n'a pas pu être close : {error}. Consulter le journal de la tâche."], context)


def on_release_failed(context: dict) -> None:
    """Callback of the quarterly release's tasks: what broke, and what it leaves as it was."""
    send(
        [
            f"Publication trimestrielle, étape {context['ti'].task_id} en échec : {context.get('exception')} "
            "Rien d'autre n'est figé ; les publications figées ne changent pas."
        ],
        context,
        "publication trimestrielle en échec",
    )


def on_night_stopped(context: dict) -> None:
    """Callback of the DAG: alert when the run was cut short, so that ``close_night`` could not speak."""
    reason = context.get("reason")
    if reason != "task_failure":
        send([f"La nuit a été interrompue ({reason}). La dernière publication reste servie."], context)
