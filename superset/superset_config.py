"""Superset's configuration: everything that depends on the machine comes from ``ACCES_SOINS_SUPERSET_*``.

``acces_soins.services.superset.environment`` sets those variables; beside them, the files of the folder
``ACCES_SOINS_SECRETS`` (no secret stands in the environment) and the mail relay (``ACCES_SOINS_SMTP_*``).
"""

import json
import math
import os
import re
import runpy
import secrets
import shutil
import sqlite3
import threading
from datetime import datetime
from pathlib import Path
from string import Template
from urllib.parse import quote

import yaml
from celery.schedules import crontab
from flask import Flask, g, redirect, request
from flask_compress import Compress
from sqlalchemy import create_engine, event
from sqlalchemy.pool import Pool
from superset.errors import SupersetErrorType
from superset.tasks.types import FixedExecutor

FOLDER = Path(os.environ["ACCES_SOINS_SUPERSET_DOSSIER"])
WAREHOUSE = Path(os.environ["ACCES_SOINS_SUPERSET_ENTREPOT"])
# Factsheets made on demand lie beside the publication, one folder per version.
SHEETS = WAREHOUSE.parents[2] / "fiches"
QUERY_SECONDS = float(os.environ.get("ACCES_SOINS_SUPERSET_DELAI_REQUETE", "30"))
CACHE_SECONDS = 24 * 3600
# Fictitious data: every page says it in its root, for the style to mark each tile.
TRIAL = os.environ.get("ACCES_SOINS_SUPERSET_ESSAI") == "1"
# Set behind a reverse proxy that ends TLS and writes X-Forwarded-For, -Proto and -Host.
BEHIND_TLS = os.environ.get("ACCES_SOINS_SUPERSET_TLS") == "1"


def _beside(name: str) -> dict:
    """What a file of this folder defines: Superset loads this one by its path, not as a package."""
    return runpy.run_path(str(Path(__file__).with_name(name)))


def _secret(name: str) -> str | None:
    """What the secret's file holds; None where there is no folder of secrets, or no such file in it."""
    path = Path(os.environ.get("ACCES_SOINS_SECRETS") or os.devnull) / name
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def _own_key() -> str:
    """The key of the sessions, made on the first start and readable by its owner only."""
    path = FOLDER / "cle_secrete"
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    key = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(key)
    return key


SECRET_KEY = _secret("superset_cle") or _own_key()
# While keys are rotated: what was written with the former one is read with it.
PREVIOUS_SECRET_KEY = _secret("superset_cle_precedente") or None
SQLALCHEMY_DATABASE_URI = _secret("superset_metadonnees") or os.environ["ACCES_SOINS_SUPERSET_METADONNEES"]

# --- French, and nothing but French ---
BABEL_DEFAULT_LOCALE = "fr"
LANGUAGES = {"fr": {"flag": "fr", "name": "Français"}}
D3_FORMAT = {
    "decimal": ",",
    "thousands": "\u202f",
    "grouping": [3],
    "currency": ["", "\u00a0€"],
    "percent": "\u00a0%",
}
D3_TIME_FORMAT = {
    "dateTime": "%A %e %B %Y à %X",
    "date": "%d/%m/%Y",
    "time": "%H:%M:%S",
    "periods": ["", ""],
    "days": ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
    "shortDays": ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
    "months": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "shortMonths": [
        "janv.",
        "févr.",
        "mars",
        "avr.",
        "mai",
        "juin",
        "juil.",
        "août",
        "sept.",
        "oct.",
        "nov.",
        "déc.",
    ],
}
APP_NAME = "Observatoire de l'accès aux soins"
# The name as a picture, since the bar shows nothing else; as wide as it is in Arial, in any fonts.
_LOGO = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='330' height='24'><text x='0' y='18' fill='#000091' "
    "font-family='Arial, Liberation Sans, sans-serif' font-size='18' font-weight='700' "
    "textLength='290' lengthAdjust='spacingAndGlyphs'>"
    "Observatoire de l’accès aux soins</text></svg>"
)
HOME = "/superset/dashboard/acces-aux-soins/"
THEME_DEFAULT = {
    "token": {
        "brandAppName": APP_NAME,
        "brandLogoAlt": APP_NAME,
        "brandLogoUrl": "data:image/svg+xml," + quote(_LOGO),
        "brandLogoHeight": "24px",
        "brandLogoMargin": "18px 0",
        "brandLogoHref": HOME,
        "colorPrimary": "#000091",
        "colorLink": "#000091",
        "fontFamily": "Marianne, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif",
    },
    "algorithm": "default",
}
THEME_DARK = None

# --- who sees what ---
FEATURE_FLAGS = {
    "DASHBOARD_RBAC": True,
    # The evolution chart keeps France on screen whatever region is chosen: its SQL reads the filters.
    "ENABLE_TEMPLATE_PROCESSING": True,
    # Accounts are made by code: their page would lead a reader to a refusal.
    "MENU_HIDE_USER_INFO": True,
    "EMBEDDABLE_CHARTS": False,
    "DRILL_BY": False,
    "DRILL_TO_DETAIL": False,
}
AUTH_ROLE_PUBLIC = "Public"
PREVENT_UNSAFE_DB_CONNECTIONS = True
WTF_CSRF_ENABLED = True
# Superset would let one map server's pages read its answers.
ENABLE_CORS = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"


# The texts between the charts keep their class names, which the dashboards' style needs.
HTML_SANITIZATION_SCHEMA_EXTENSIONS = {"attributes": {"*": ["className"]}}


def _mended_french(mended: dict[str, list[str]]) -> str:
    """Superset's French words for the pages, as JSON, with ours in the place of the wrong ones."""
    from superset.translations.utils import get_language_pack

    pack = get_language_pack("fr")
    pack["locale_data"]["superset"] |= mended
    return json.dumps(pack, ensure_ascii=False)


def _mend_messages(app: Flask, mended: dict[str, list[str]]) -> None:
    """The same, for what the server itself says: those of its messages that have no plural."""
    from flask_babel import get_translations

    with app.test_request_context():
        get_translations()._catalog |= {
            english: ours[0] for english, ours in mended.items() if len(ours) == 1
        }


def _speak_french(app: Flask) -> None:
    """Superset sends its file of words as it is: the pages get the mended one instead.

    Its pages do not say their language either: a screen reader would read French as English.
    """
    words = yaml.safe_load(Path(__file__).with_name("traductions.yaml").read_text(encoding="utf-8"))
    mended = {english: ours if isinstance(ours, list) else [ours] for english, ours in words.items()}
    pack = _mended_french(mended)
    _mend_messages(app, mended)

    @app.before_request
    def send_mended_words():
        if request.endpoint == "Superset.language_pack":
            return app.response_class(
                pack, mimetype="application/json", headers={"Cache-Control": "max-age=3600"}
            )
        return None

    root = b'<html lang="fr" class="as-donnees-essai">' if TRIAL else b'<html lang="fr">'

    @app.after_request
    def say_the_language(response):
        if response.mimetype == "text/html" and not response.is_streamed:
            response.set_data(response.get_data().replace(b"<html>", root, 1))
        return response


# Superset's own pages for these are in English, or a line of JSON where a person expected a page.
REFUSALS = {
    403: (
        "Cette page ne vous est pas ouverte",
        "Votre compte n'y donne pas accès. L'administrateur peut le changer.",
    ),
    404: ("Page introuvable", "L'adresse est mal écrite, ou la page n'existe plus."),
    500: (
        "Erreur du serveur",
        "La demande a échoué ; le journal de Superset dit pourquoi. Réessayer dans un instant.",
    ),
}


def _refuse_in_french(app: Flask) -> None:
    """Who follows a link gets a page that says why; programs keep Superset's JSON."""
    page = Template(Path(__file__).with_name("erreur.html").read_text(encoding="utf-8"))

    @app.after_request
    def say_why(response):
        from_a_person = "text/html" in request.headers.get("Accept", "")
        if response.status_code not in REFUSALS or not from_a_person:
            return response
        title, reason = REFUSALS[response.status_code]
        told = page.substitute(titre=title, raison=reason, accueil=HOME)
        return app.response_class(told, status=response.status_code, mimetype="text/html")


def _open_on_the_dashboard(app: Flask) -> None:
    """Who can do nothing but look at dashboards lands on ours, not on a home page of empty lists.

    So does who has no account, where the dashboards are public.
    """

    @app.before_request
    def redirect_home():
        security = app.appbuilder.sm
        if request.path not in ("/", "/superset/welcome/") or not getattr(g, "user", None):
            return None
        only_looks = security.can_access("can_dashboard", "Superset") and not security.can_access(
            "can_sqllab", "Superset"
        )
        return redirect(HOME) if only_looks else None


def _let_visitors_leave(app: Flask) -> None:
    """A page that one leaves saves its colours, which no reader of ours may do.

    Who has no account would be told « log in first », and Superset's pages then go to the login page when
    that answer comes before the next page does.
    """

    @app.after_request
    def refuse_for_good(response):
        if request.endpoint == "DashboardRestApi.put_colors" and response.status_code == 401:
            response.status_code = 403
        return response


def _limit_logins(app: Flask) -> None:
    """Both ways in: Superset's own limit reaches neither its page nor its API."""
    security = app.appbuilder.sm
    for view in ("SecurityApi", security.auth_view.blueprint.name):
        limit = security.limiter.limit(AUTH_RATE_LIMIT, methods=["POST"])
        app.view_functions[f"{view}.login"] = limit(app.view_functions[f"{view}.login"])


def _keep_written_limits() -> None:
    """SQL Lab puts the limit of its menu in the place of a lower one that the query holds.

    A fault of Superset 6 (apache/superset#40070): it works the lower one out, then loses it. It asks for one
    row more than the limit, and takes it away again, from the answer as from its file.
    """
    from superset import sql_lab

    apply = sql_lab.apply_limit

    def apply_limit(query, statement) -> None:
        own = statement.get_limit_value()
        if own is not None and own < (query.limit or math.inf):
            query.limit = own
        apply(query, statement)

    sql_lab.apply_limit = apply_limit


ECONOMY = _beside("economy.py")
EVENT_LOGGER = ECONOMY["Journal"]()

# A page is half a hundred files of Superset's own code, much lighter once compressed. The HTML is left as it
# is: it holds the session's token, which the lengths of compressed answers could betray.
COMPRESS_MIMETYPES = [
    "application/javascript",
    "application/json",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/javascript",
]


def FLASK_APP_MUTATOR(app: Flask) -> None:
    Compress(app)
    ECONOMY["spare"](version_publiee)
    _speak_french(app)
    downloads = _beside("telechargements.py")
    downloads["offer"](app, WAREHOUSE, SHEETS)
    downloads["clean_exports"](WAREHOUSE, derniere_publication)
    _refuse_in_french(app)
    _keep_written_limits()
    _open_on_the_dashboard(app)
    _let_visitors_leave(app)
    _limit_logins(app)


# --- nothing leaves the machine: no outside address in the policy, no telemetry, no update call ---
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    # The proxy in front redirects to TLS; here its cookies stay on it, and browsers are told to.
    "force_https": False,
    "session_cookie_secure": BEHIND_TLS,
    "strict_transport_security": BEHIND_TLS,
}
SESSION_COOKIE_SECURE = BEHIND_TLS
PREFERRED_URL_SCHEME = "https" if BEHIND_TLS else "http"
# Who asks is then who asked the proxy: the limit of logins counts each person apart.
ENABLE_PROXY_FIX = BEHIND_TLS
BUG_REPORT_URL = None

# --- caches: shared by the workers. In Redis where there is one, else on disk. A chart's key holds the
# served version (``version_publiee`` in each data set), so that no row outlives its publication. ---
REDIS = _secret("superset_redis") or os.environ.get("ACCES_SOINS_SUPERSET_REDIS")


def _cache(name: str) -> dict:
    """Flask-Caching's settings of one cache; ``ACCES_SOINS_SUPERSET_REDIS`` is a redis:// address."""
    store = {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": REDIS}
    if not REDIS:
        store = {
            "CACHE_TYPE": "FileSystemCache",
            "CACHE_DIR": str(FOLDER / "cache" / name),
            "CACHE_THRESHOLD": 2000,
        }
    return store | {"CACHE_DEFAULT_TIMEOUT": CACHE_SECONDS, "CACHE_KEY_PREFIX": f"acces_soins_{name}_"}


CACHE_CONFIG = _cache("metadonnees")
DATA_CACHE_CONFIG = _cache("donnees")
FILTER_STATE_CACHE_CONFIG = _cache("filtres")
EXPLORE_FORM_DATA_CACHE_CONFIG = _cache("explorations")

# --- dashboards sent by e-mail: beat says when, a worker takes the picture and sends it; the queue is Redis'.
# The links go to ``ACCES_SOINS_SUPERSET_ADRESSE``, where people reach Superset; the worker's own Chromium to
# ``ACCES_SOINS_SUPERSET_INTERNE``, where it reaches the web server without the proxy. ---
ADDRESS = os.environ.get("ACCES_SOINS_SUPERSET_ADRESSE", "http://127.0.0.1:8088").rstrip("/") + "/"
SMTP_HOST = os.environ.get("ACCES_SOINS_SMTP_HOTE", "")
SMTP_PORT = int(os.environ.get("ACCES_SOINS_SMTP_PORT", "25"))
SMTP_MAIL_FROM = os.environ.get("ACCES_SOINS_SMTP_EXPEDITEUR", "acces-soins@localhost")
SMTP_USER = os.environ.get("ACCES_SOINS_SMTP_UTILISATEUR", "")
SMTP_PASSWORD = _secret("smtp_mot_de_passe") or ""
SMTP_SSL, SMTP_STARTTLS = SMTP_PORT == 465, SMTP_PORT == 587
SMTP_SSL_SERVER_AUTH = True
FEATURE_FLAGS["ALERT_REPORTS"] = bool(REDIS and SMTP_HOST)
ALERT_REPORTS_EXECUTORS = [FixedExecutor("admin")]
EMAIL_REPORTS_SUBJECT_PREFIX = "Accès aux soins :"
EMAIL_REPORTS_CTA = "Ouvrir le tableau de bord"
WEBDRIVER_BASEURL = os.environ.get("ACCES_SOINS_SUPERSET_INTERNE", ADDRESS).rstrip("/") + "/"
WEBDRIVER_BASEURL_USER_FRIENDLY = ADDRESS
WEBDRIVER_TYPE = "chrome"
# The driver is named: Selenium would ask the network for one.
WEBDRIVER_CONFIGURATION = {
    "options": {"capabilities": {}, "preferences": {}},
    "service": {"executable_path": shutil.which("chromedriver") or "chromedriver"},
}
# Without a sandbox of its own: the container is one, and Chromium opens no page but ours.
WEBDRIVER_OPTION_ARGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=fr"),
    *("--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


class CELERY_CONFIG:
    """The worker and its clock; Superset passes this class to Celery as it is."""

    broker_url = REDIS or "memory://"
    imports = ("superset.sql_lab", "superset.tasks.scheduler", "superset.tasks.cache")
    task_ignore_result = True
    worker_prefetch_multiplier = 1
    broker_connection_retry_on_startup = True
    beat_schedule = {  # noqa: RUF012
        "reports.scheduler": {
            "task": "reports.scheduler",
            "schedule": crontab(),
            "options": {"expires": 3600},
        },
        "reports.prune_log": {"task": "reports.prune_log", "schedule": crontab(minute=0, hour=4)},
    }


# --- passwords cannot be tried by the thousand; a page of thirty charts is no attack ---
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = REDIS or "memory://"
RATELIMIT_APPLICATION = "1000 per second"
AUTH_RATE_LIMITED = False  # ``_limit_logins`` does it
AUTH_RATE_LIMIT = os.environ.get("ACCES_SOINS_SUPERSET_CONNEXIONS", "10 per minute")

# A French spreadsheet opens what people take from charts and from SQL Lab as it is.
CSV_EXPORT = {"encoding": "utf-8-sig", "sep": ";", "decimal": ","}
ROW_LIMIT = 5000
SQL_MAX_ROW = 100_000
SQLLAB_TIMEOUT = int(QUERY_SECONDS)
SUPERSET_WEBSERVER_TIMEOUT = int(QUERY_SECONDS) + 30

# --- what DuckDB answers in English, in the words of those who query; the first that matches counts ---
DATABASE_NAME = "Accès aux soins (publication)"
QUERY_ERRORS = {
    r"Permission Error|requires the extension|in the \w+ extension": (
        "Refusé : SQL Lab ne lit que les tables publiées (schéma marts), ni fichier, ni réseau, ni extension."
    ),
    r"configuration has been locked": "Refusé : les réglages de la base ne se changent pas ici.",
    r"read-only": "Refusé : la publication est en lecture seule.",
    r"INTERRUPT|Interrupted": (
        f"La requête a été interrompue au bout de {QUERY_SECONDS:g} secondes. Filtrer davantage, "
        "ou travailler sur les fichiers Parquet de la publication."
    ),
    r"Out of Memory": (
        "La requête demande trop de mémoire. Filtrer davantage, ou travailler sur les fichiers Parquet."
    ),
    r"Function with name \"?(?P<nom>\w+)\"? does not exist": "La fonction « %(nom)s » n'existe pas.",
    r"Table with name \"?(?P<nom>\w+)\"? does not exist": (
        "La table « %(nom)s » n'existe pas ; « SHOW ALL TABLES » donne celles de la publication."
    ),
    r"Referenced column \"(?P<nom>[^\"]+)\"": (
        "La colonne « %(nom)s » n'existe pas ; « DESCRIBE marts.la_table » donne celles d'une table."
    ),
    r"syntax error at or near \"(?P<nom>[^\"]+)\"": "Le SQL n'est pas bien formé, près de « %(nom)s ».",
    r"syntax error at end": "Le SQL n'est pas complet.",
    r"(?s)(?P<message>.+)": "La base a refusé la requête. Sa réponse : %(message)s",
}
CUSTOM_DATABASE_ERRORS = {
    DATABASE_NAME: {
        re.compile(pattern): (told, SupersetErrorType.GENERIC_DB_ENGINE_ERROR, {"show_issue_info": False})
        for pattern, told in QUERY_ERRORS.items()
    }
}

# --- Superset opens the published file anew for each query, which costs more than the query: a connection
# that stays open makes the next ones share its file. DuckDB knows a file by its real path: once the link
# leads elsewhere, a new connection opens that one, and the former is let go. ---
_held_open: dict[Path, object] = {}


def DB_CONNECTION_MUTATOR(uri, params: dict, *_asked_by) -> tuple:
    """Called by Superset before each connection; the one that is held has the very same settings."""
    file = WAREHOUSE.resolve()
    if uri.database == str(WAREHOUSE) and file not in _held_open:
        held = create_engine(uri, **params).raw_connection()
        _held_open.clear()
        _held_open[file] = held
    return uri, params


# --- DuckDB has no statement timeout: a timer interrupts the connection ---


@event.listens_for(Pool, "connect")
def _start_timer(connection, record) -> None:
    """Superset opens one connection per query (NullPool), so the connection's age is the query's."""
    if not hasattr(connection, "interrupt") or type(connection).__module__.split(".")[0] != "duckdb_engine":
        return
    timer = threading.Timer(QUERY_SECONDS, connection.interrupt)
    timer.daemon = True
    record.info["acces_soins_timer"] = timer
    timer.start()


@event.listens_for(Pool, "connect")
def _set_own_file(connection, _record) -> None:
    if isinstance(connection, sqlite3.Connection):
        ECONOMY["hurry_sqlite"](connection)


@event.listens_for(Pool, "close")
def _stop_timer(_connection, record) -> None:
    timer = record.info.pop("acces_soins_timer", None)
    if timer:
        timer.cancel()


def version_publiee() -> str:
    """Name of the served version, read from the link that serves it: never stale."""
    return WAREHOUSE.parent.resolve().name.replace("'", "’").replace("<", "")


def derniere_publication() -> str:
    """Moment of the served version in French.

    Versions are named ``<UTC time>-<hash>``; another name is shown as it is.
    """
    version = version_publiee()
    try:
        moment = datetime.strptime(version[:16], "%Y%m%dT%H%M%SZ")
    except ValueError:
        return version
    month = D3_TIME_FORMAT["months"][moment.month - 1]
    return f"{moment.day} {month} {moment.year} à {moment:%H} h {moment:%M} (UTC)"


def fiches_publiees() -> list[str]:
    """Codes of the départements that have a factsheet of the served version; « aucune » when none has."""
    found = (SHEETS / WAREHOUSE.parent.resolve().name).glob("fiche-*.pdf")
    return sorted(path.stem.removeprefix("fiche-") for path in found) or ["aucune"]


JINJA_CONTEXT_ADDONS = {
    "derniere_publication": derniere_publication,
    "version_publiee": version_publiee,
    "fiches_publiees": fiches_publiees,
}

# --- the organisation's own identities: a file like those of superset/identites, kept outside ---
if IDENTITIES := os.environ.get("ACCES_SOINS_SUPERSET_IDENTITES"):
    globals().update({name: value for name, value in runpy.run_path(IDENTITIES).items() if name.isupper()})
