"""A portal that misbehaves, each fault at the function that meets it, with the sentence that it gives."""

import datetime as dt
import gzip
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
import trustme

from acces_soins import extraction
from acces_soins.catalog import get_source
from acces_soins.errors import PortalError
from acces_soins.extraction import Download, Unchanged, http
from acces_soins.extraction.body import Expected
from acces_soins.settings import Settings

CSV = b"annee;departement\n2024;01\n"
PATH = "/data.ameli.fr/fichier.csv"
DATASETS = "/api/explore/v2.1/catalog/datasets"
ALD = "ameli.patients_longueduree_annuelle"
ALD_PATH = f"/data.ameli.fr{DATASETS}/patients-longueduree-annuelle"
ALD_EXPORT = f"{ALD_PATH}/exports/csv?delimiter=%3B&use_labels=false&timezone=UTC"
FINESS = "finess.etablissements"
FINESS_PATH = "/www.data.gouv.fr/api/1/datasets/finess-extraction-du-fichier-des-etablissements/"
COG = "insee.cog_departements"
COG_PATH = "/www.insee.fr/fr/statistiques/fichier/8740222/v_departement_2026.csv"
QUOTA = {"error_code": "TooManyRequests", "message": "You have exceeded\nthe requests limit"}


def refusal(url, folder, **options) -> str:
    """The sentence, without the address that it starts with; nothing stays on the disk."""
    with pytest.raises(PortalError) as error:
        http.download(url, folder, "fichier.csv", **options)
    assert not folder.exists() or list(folder.iterdir()) == []
    sentence = str(error.value)
    assert sentence.startswith(f"{url} : ") and "\n" not in sentence
    return sentence.removeprefix(f"{url} : ")


def ald_metadata(portal, **metas):
    default = {"modified": "2026-03-01T08:00:00+00:00", "records_count": 1, **metas}
    portal.reply_json(ALD_PATH, {"metas": {"default": default}})


# Slow, big --------------------------------------------------------------------------------------------


def test_a_slow_drip_is_given_up(portal, reply, folder, patience, waits):
    patience(step=10)
    url = portal.reply(PATH, reply(chunked=True, drip=True))
    sentence = refusal(url, folder)
    assert sentence.startswith("réponse trop lente, ") and " octets en 60 secondes ; relancer" in sentence
    assert waits == []  # another attempt would hold the night as long


def test_a_download_without_end_is_given_up_however_fast(portal, reply, folder, patience):
    patience(step=600, slowest_bytes_per_s=0)
    url = portal.reply(PATH, reply(chunked=True, drip=True))
    assert refusal(url, folder).startswith("téléchargement inachevé après 60 minutes ; relancer")


def test_a_slow_start_is_forgiven(portal, reply, folder, patience):
    patience(step=10, window_s=100)
    url = portal.reply(PATH, reply(CSV))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == CSV


def test_a_body_announced_too_big_is_refused_before_it_is_read(portal, reply, folder):
    url = portal.reply(PATH, reply(CSV, announced=10_000_000_000))
    assert refusal(url, folder) == (
        "10\u202f000 Mo annoncés, pour une limite de 2\u202f000 Mo ; vérifier que l'adresse est la bonne ; "
        "si le jeu a vraiment grossi, relever « taille_max_mo » dans le contrat de la source."
    )
    assert not folder.exists() or not list(folder.iterdir())


def test_a_body_that_does_not_say_its_size_is_stopped_at_the_limit(portal, reply, folder, waits):
    url = portal.reply(PATH, reply(b"x" * 3_000_000, chunked=True))
    sentence = refusal(url, folder, expected=Expected(max_bytes=2_000_000))
    assert sentence.startswith("réponse sans fin, pour une limite de 2 Mo ; ")
    assert waits == []


def test_the_limit_of_a_source_is_in_its_contract(portal, reply, folder, monkeypatch):
    monkeypatch.setitem(get_source(COG).meta, "taille_max_mo", 1)
    portal.reply(COG_PATH, reply(b"x" * 1_000_001))
    with pytest.raises(PortalError, match="1 Mo annoncés, pour une limite de 1 Mo"):
        extraction.fetch(get_source(COG), None, folder)


def test_metadata_without_end_are_refused(portal, reply, monkeypatch):
    url = portal.reply(PATH, reply(b"x" * 2_000_000, chunked=True))
    with pytest.raises(PortalError, match="réponse sans fin"):
        http.get_bytes(url, limit=1_000_000)


# Wrong length, compression -----------------------------------------------------------------------------


def test_a_connection_cut_at_sixty_percent(portal, reply, folder, waits):
    body = CSV * 100
    url = portal.reply(PATH, reply(body[: len(body) * 6 // 10], announced=len(body)))
    assert refusal(url, folder) == (
        "réponse tronquée, connexion coupée avant la fin (3 tentatives) ; relancer l'extraction plus tard."
    )
    assert len(waits) == 2


def test_a_content_length_too_short_is_met_by_what_the_portal_announces_elsewhere(portal, reply, folder):
    # HTTP stops at the announced length: nothing but another signal tells that bytes are missing.
    portal.reply(COG_PATH, reply(CSV, announced=20))
    assert extraction.fetch(get_source(COG), None, folder).path.read_bytes() == CSV[:20]
    listed = {
        "title": "etalab-cs1100502-stock-20260311.csv",
        "url": "https://static.data.gouv.fr/f.csv",
        "filesize": len(CSV),
    }
    portal.reply_json(FINESS_PATH, {"resources": [listed]})
    portal.reply("/static.data.gouv.fr/f.csv", reply(CSV, announced=20))
    with pytest.raises(PortalError, match=f"20 octets reçus, {len(CSV)} annoncés"):
        extraction.fetch(get_source(FINESS), None, folder)


def test_compression_that_was_not_asked_for_is_undone(portal, reply, folder):
    packed = gzip.compress(CSV)
    url = portal.reply(PATH, reply(packed, headers={"Content-Encoding": "gzip"}))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == CSV
    assert http.download(url, folder, "fichier.csv.gz").path.read_bytes() == packed
    assert sorted(path.name for path in folder.iterdir()) == ["fichier.csv", "fichier.csv.gz"]
    described = json.dumps({"a": 1}).encode()
    url = portal.reply("/j", reply(gzip.compress(described), headers={"Content-Encoding": "gzip"}))
    assert http.get_json(url) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (gzip.compress(CSV)[:-9], "Compressed file ended"),
        (gzip.compress(CSV)[:-8] + bytes(8), "CRC check failed"),
        (gzip.compress(CSV)[:10] + b"\xff" * 20, "invalid"),
        (CSV, "Not a gzipped file"),
    ],
    ids=["cut", "checksum", "garbage", "plain"],
)
def test_broken_compression_is_refused(portal, reply, folder, body, why):
    url = portal.reply(PATH, reply(body, headers={"Content-Encoding": "gzip"}))
    sentence = refusal(url, folder)
    assert sentence.startswith("réponse compressée (gzip) illisible : ") and why in sentence


def test_a_compressed_bomb_is_stopped_at_the_limit(portal, reply, folder):
    bomb = gzip.compress(bytes(5_000_000))
    url = portal.reply(PATH, reply(bomb, headers={"Content-Encoding": "gzip"}))
    assert "réponse sans fin" in refusal(url, folder, expected=Expected(max_bytes=1_000_000))
    with pytest.raises(PortalError, match="réponse sans fin"):
        http.get_bytes(url, limit=1_000_000)


def test_another_compression_is_refused(portal, reply, folder):
    url = portal.reply(PATH, reply(CSV, headers={"Content-Encoding": "br"}))
    assert "réponse compressée (br) illisible : codage qui n'a pas été demandé" in refusal(url, folder)


# Errors with status 200, or with the portal's own words -------------------------------------------------


@pytest.mark.parametrize("kind", ["application/json", "text/csv", None])
def test_a_json_error_in_place_of_the_file_is_told_in_the_portal_s_words(portal, reply, folder, kind):
    headers = {"Content-Type": kind} if kind else {}
    url = portal.reply(PATH, reply(json.dumps(QUOTA).encode(), headers=headers))
    assert refusal(url, folder).startswith(
        "erreur du portail à la place des données : « You have exceeded the requests limit "
        "(TooManyRequests) » ; relancer l'extraction plus tard"
    )


def test_json_without_a_message_in_place_of_the_file_is_refused(portal, reply, folder):
    url = portal.reply(PATH, reply(b"[1, 2]"))
    assert refusal(url, folder).startswith("réponse JSON reçue à la place du fichier ; ")


def test_a_text_that_only_starts_as_json_is_a_file(portal, reply, folder):
    body = b"[code];libelle\n1;a\n"
    url = portal.reply(PATH, reply(body, headers={"Content-Type": "text/csv"}))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == body


def test_where_json_is_expected_an_error_is_still_told(portal, reply, folder):
    expected = Expected(is_json=True)
    url = portal.reply(PATH, reply(b'{"structures": []}'))
    assert http.download(url, folder, "a.json", expected).path.read_bytes() == b'{"structures": []}'
    url = portal.reply(PATH, reply(json.dumps(QUOTA).encode()))
    assert "requests limit" in refusal(url, folder / "autre", expected=expected)


def test_a_json_error_in_place_of_metadata(portal, folder):
    portal.reply_json(ALD_PATH, QUOTA)
    with pytest.raises(PortalError, match=r"« You have exceeded the requests limit \(TooManyRequests\) »"):
        extraction.fetch(get_source(ALD), None, folder)


def test_a_refusal_quotes_the_portal(portal, reply, folder):
    url = portal.reply(PATH, reply(b'{"message": "ODSQL query is malformed"}', status=400))
    assert refusal(url, folder) == (
        "le portail répond 400 (« ODSQL query is malformed ») ; "
        "vérifier l'identifiant ou le chemin dans le catalogue des sources."
    )


# Renamed or gone -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    ("source_id", "path", "where", "key"),
    [
        (
            ALD,
            ALD_PATH,
            "« patients-longueduree-annuelle »",
            "« jeu » de ameli.patients_longue",
        ),
        (
            FINESS,
            FINESS_PATH,
            "« finess-extraction-du-fichier-des-etablissements »",
            "« jeu » de finess.eta",
        ),
        (COG, COG_PATH, "v_departement_2026.csv »", "« chemin » de insee.cog_departements"),
    ],
)
def test_a_data_set_that_is_gone_names_the_key_to_change(
    portal, reply, folder, status, source_id, path, where, key
):
    portal.reply(path, reply(b'{"message": "Dataset not found"}', status=status))
    source = get_source(source_id)
    with pytest.raises(PortalError) as error:
        extraction.fetch(source, None, folder)
    sentence = str(error.value)
    assert f"le portail répond {status} (« Dataset not found »), « " in sentence and where in sentence
    assert f"le chercher dans le catalogue de {source.portal} et corriger {key}" in sentence
    assert f"(_{source.producer}__sources.yml)." in sentence


# Redirects -----------------------------------------------------------------------------------------------


def test_a_redirect_to_another_host_is_followed(portal, reply, folder, monkeypatch):
    monkeypatch.setattr(http, "get_settings", lambda: Settings(sources="direct"))
    portal.reply("/ailleurs.csv", reply(CSV))
    elsewhere = portal.base.replace("127.0.0.1", "localhost") + "/ailleurs.csv"
    url = portal.reply(PATH, reply(status=302, headers={"Location": elsewhere}))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == CSV


# Certificates ----------------------------------------------------------------------------------------------


@pytest.fixture
def secure_portal():
    """An HTTPS server of this machine, with the certificate that a test gives it."""
    started = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            raise AssertionError("the client must not ask before it trusts")

    def start(certificate) -> str:
        server = HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *args: None
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread))
        return f"https://127.0.0.1:{server.server_port}/fichier.csv"

    yield start
    for server, thread in started:
        server.shutdown()
        server.server_close()
        thread.join()


YESTERDAY = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
LONG_AGO = YESTERDAY - dt.timedelta(days=1000)


@pytest.mark.parametrize(
    ("names", "trusted", "options", "said"),
    [
        (["127.0.0.1"], False, {}, "unable to get local issuer certificate"),
        (["data.ameli.fr"], True, {}, "IP address mismatch"),
        (
            ["127.0.0.1"],
            True,
            {"not_after": YESTERDAY, "not_before": LONG_AGO},
            "expired",
        ),
    ],
    ids=["unknown authority", "wrong name", "expired"],
)
def test_a_refused_certificate_is_told_and_never_bypassed(
    secure_portal, folder, waits, monkeypatch, names, trusted, options, said
):
    authority = trustme.CA()
    context = ssl.create_default_context()
    if trusted:
        authority.configure_trust(context)
    monkeypatch.setattr(http, "_tls", lambda: context)
    monkeypatch.setattr(http, "get_settings", lambda: Settings(sources="direct"))
    sentence = refusal(secure_portal(authority.issue_cert(*names, **options)), folder)
    assert sentence.startswith("certificat refusé (") and said in sentence
    assert sentence.endswith("ne jamais passer outre.")
    assert waits == []


# Validators and dates that lie -----------------------------------------------------------------------------


def seen(download: Download, **changed):
    """The manifest of a download, as the next night has it."""
    names = ("url", "etag", "last_modified", "producer_date")
    known = {name: getattr(download, name) for name in names}
    return SimpleNamespace(**known | {"sha256": "0" * 64, "bytes": len(CSV), "rows": 1} | changed)


@pytest.mark.parametrize("validators", [True, False], ids=["304", "200"])
def test_an_etag_that_stays_while_the_date_moves_is_not_believed(portal, reply, folder, validators):
    def serve(day, body=CSV):
        headers = {"ETag": '"a1"', "Last-Modified": f"Tue, {day} Mar 2026 10:00:00 GMT"}
        portal.reply(COG_PATH, reply(body, headers=headers, validators=validators))

    serve("03")
    first = extraction.fetch(get_source(COG), None, folder)
    assert extraction.fetch(get_source(COG), seen(first), folder) == Unchanged(
        "le portail répond que le fichier n'a pas changé"
    )
    serve("10", CSV + b"2024;02\n")
    second = extraction.fetch(get_source(COG), seen(first), folder)
    assert second.path.read_bytes() == CSV + b"2024;02\n"


def test_an_etag_that_stays_while_the_size_moves_is_not_believed(portal, reply, folder):
    portal.reply(COG_PATH, reply(CSV, headers={"ETag": '"a1"'}))
    first = extraction.fetch(get_source(COG), None, folder)
    portal.reply(COG_PATH, reply(CSV + b"2024;02\n", headers={"ETag": '"a1"'}, validators=False))
    assert isinstance(extraction.fetch(get_source(COG), seen(first), folder), Download)


def test_a_perfect_lie_lasts_until_the_day_of_verification(portal, reply, folder, monkeypatch):
    portal.reply(COG_PATH, reply(CSV, headers={"ETag": '"a1"'}))
    first = extraction.fetch(get_source(COG), None, folder)
    portal.reply(COG_PATH, reply(b"autre contenu", headers={"ETag": '"a1"'}))
    assert isinstance(extraction.fetch(get_source(COG), seen(first), folder), Unchanged)
    monkeypatch.setattr(extraction, "VERIFICATION_DAYS", 1)
    assert extraction.fetch(get_source(COG), seen(first), folder).path.read_bytes() == b"autre contenu"
    assert "if-none-match" not in portal.requests[-1].headers


def test_every_source_is_verified_once_in_its_period(source, monkeypatch):
    monkeypatch.setattr(extraction, "VERIFICATION_DAYS", 7)
    week = [dt.date(2026, 11, 1) + dt.timedelta(days=day) for day in range(7)]
    ald = source(ALD)
    assert sum(extraction.is_verification_day(ald, day) for day in week) == 1
    monkeypatch.setitem(ald.meta, "verification_jours", 1)
    assert all(extraction.is_verification_day(ald, day) for day in week)


# Labels of the API ---------------------------------------------------------------------------------------


def test_names_and_not_labels_are_asked_for(portal, reply, folder):
    ald_metadata(portal)
    portal.reply(ALD_EXPORT, reply(CSV))
    extraction.fetch(get_source(ALD), None, folder)
    assert "use_labels=false" in portal.requests[-1].path
