import datetime as dt
import email.utils
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from acces_soins.errors import PortalError
from acces_soins.extraction import http, policy, sentences
from acces_soins.settings import Settings


def known(etag=None, last_modified=None, size=29):
    return SimpleNamespace(etag=etag, last_modified=last_modified, bytes=size)


CSV = b"\xef\xbb\xbfannee;departement\n2024;01\n"
PATH = "/data.ameli.fr/fichier.csv"


def refused(url, folder, **options) -> str:
    """The sentence of the refusal; the folder must hold nothing after it."""
    with pytest.raises(PortalError) as error:
        http.download(url, folder, "fichier.csv", **options)
    assert not folder.exists() or list(folder.iterdir()) == []
    sentence = str(error.value)
    assert sentence.startswith(url) and sentence.endswith(".") and "\n" not in sentence
    return sentence


def test_download_gives_the_bytes_as_sent(portal, reply, folder):
    headers = {"ETag": '"a1"', "Last-Modified": "Tue, 03 Mar 2026 10:00:00 GMT", "Content-Type": "text/csv"}
    url = portal.reply(PATH, reply(CSV, headers=headers))
    received = http.download(url, folder, "fichier.csv")
    assert received == http.Downloaded(
        path=folder / "fichier.csv",
        url=url,
        etag='"a1"',
        last_modified="Tue, 03 Mar 2026 10:00:00 GMT",
    )
    assert received.path.read_bytes() == CSV
    assert [p.name for p in folder.iterdir()] == ["fichier.csv"]
    assert portal.requests[0].headers["user-agent"] == "acces-soins/0.1"
    assert portal.requests[0].headers["accept-encoding"] == "identity"


def test_large_file_is_streamed_whole(portal, reply, folder):
    body = bytes(range(256)) * 8192
    url = portal.reply(PATH, reply(body))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == body


def test_redirect_is_followed(portal, reply, folder):
    portal.reply("/ailleurs.csv", reply(CSV))
    url = portal.reply(PATH, reply(status=302, headers={"Location": "/ailleurs.csv"}))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == CSV


def test_endless_redirect_is_refused_without_retry(portal, reply, folder, waits):
    url = portal.reply(PATH, reply(status=302, headers={"Location": PATH}))
    assert "plus de 5 redirections" in refused(url, folder)
    assert len(portal.requests) == 6 and waits == []


def test_trial_data_never_leaves_the_replica(portal, reply, folder):
    url = portal.reply(PATH, reply(status=302, headers={"Location": "http://127.0.0.1:9/fichier.csv"}))
    with pytest.raises(PortalError, match="hors de la réplique locale"):
        http.download(url, folder, "fichier.csv")


def test_proxy_is_not_asked_for_the_replica(portal, reply, folder, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    url = portal.reply(PATH, reply(CSV))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == CSV


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_busy_portal_is_asked_again(portal, reply, folder, waits, status):
    url = portal.reply(PATH, reply(status=status), reply(status=status), reply(CSV))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == CSV
    first, second = waits
    assert 1 <= first <= 2 and 2 <= second <= 3  # exponential, plus up to one second of jitter


@pytest.mark.parametrize(("status", "said"), [(429, "demande d'attendre"), (503, "en panne (503")])
def test_attempts_are_bounded(portal, reply, folder, status, said):
    url = portal.reply(PATH, reply(status=status))
    assert said in refused(url, folder)
    assert len(portal.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_refusal_is_not_asked_again(portal, reply, folder, waits, status):
    url = portal.reply(PATH, reply(b"non", status=status))
    assert f"le portail répond {status}" in refused(url, folder)
    assert len(portal.requests) == 1 and waits == []


def test_retry_after_in_seconds(portal, reply, folder, waits):
    url = portal.reply(PATH, reply(status=429, headers={"Retry-After": "7"}), reply(CSV))
    http.download(url, folder, "fichier.csv")
    assert waits == [7.0]


def test_retry_after_as_a_date(portal, reply, folder, waits):
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    header = {"Retry-After": email.utils.format_datetime(later, usegmt=True)}
    url = portal.reply(PATH, reply(status=503, headers=header), reply(CSV))
    http.download(url, folder, "fichier.csv")
    assert len(waits) == 1 and 30 < waits[0] <= 60


def test_retry_after_in_the_past_does_not_wait(portal, reply, folder, waits):
    header = {"Retry-After": "Tue, 03 Mar 2020 10:00:00 GMT"}
    url = portal.reply(PATH, reply(status=503, headers=header), reply(CSV))
    http.download(url, folder, "fichier.csv")
    assert waits == [0.0]


def test_retry_after_is_capped(portal, reply, folder, waits):
    url = portal.reply(PATH, reply(status=503, headers={"Retry-After": "86400"}), reply(CSV))
    http.download(url, folder, "fichier.csv")
    assert waits == [120.0]


def test_unreadable_retry_after_falls_back_on_backoff(portal, reply, folder, waits):
    url = portal.reply(PATH, reply(status=503, headers={"Retry-After": "bientôt"}), reply(CSV))
    http.download(url, folder, "fichier.csv")
    assert 1 <= waits[0] <= 2


def test_silent_portal_times_out(portal, reply, folder):
    url = portal.reply(PATH, reply(silent=True), reply(silent=True), reply(CSV))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == CSV
    url = portal.reply("/muet.csv", reply(silent=True))
    assert "ne répond pas à temps" in refused(url, folder / "autre")


def test_stopped_portal(portal, folder, waits, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    trial, direct = Settings(replique=base), Settings(sources="direct")
    for module in (http, sentences):
        monkeypatch.setattr(module, "get_settings", lambda: trial)
    told = refused(f"{base}/fichier.csv", folder)
    assert "la réplique locale des portails ne tourne pas (3 tentatives) ; la lancer à côté" in told
    assert len(waits) == 2
    for module in (http, sentences):
        monkeypatch.setattr(module, "get_settings", lambda: direct)
    told = refused(f"{base}/fichier.csv", folder)
    assert "connexion impossible : portail arrêté ou nom inconnu" in told


@pytest.mark.parametrize("truncated", [{"announced": 1000}, {"chunked": True}])
def test_truncated_body_is_asked_again_then_refused(portal, reply, folder, waits, truncated):
    url = portal.reply(PATH, reply(CSV, **truncated))
    assert "réponse tronquée" in refused(url, folder)
    assert len(portal.requests) == 3
    portal.reply(PATH, reply(CSV, **truncated), reply(CSV))
    assert http.download(url, folder, "fichier.csv").path.read_bytes() == CSV


def test_empty_body_is_refused(portal, reply, folder):
    assert "réponse vide" in refused(portal.reply(PATH, reply(b"")), folder)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"Maintenance en cours", "text/html; charset=utf-8"),
        (b"Maintenance en cours", "application/xhtml+xml"),
        (b"<!DOCTYPE html><html></html>", "text/csv"),
        (b"\xef\xbb\xbf \r\n\t<HTML lang='fr'>", "application/octet-stream"),
    ],
)
def test_html_page_is_refused(portal, reply, folder, waits, body, media_type):
    url = portal.reply(PATH, reply(body, headers={"Content-Type": media_type}))
    assert "page HTML" in refused(url, folder)
    assert waits == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_full_disk_is_said_and_leaves_nothing(portal, reply, folder):
    folder.mkdir()
    (folder / ".fichier.csv.part").symlink_to("/dev/full")
    assert "plus de place sur le disque" in refused(portal.reply(PATH, reply(CSV)), folder)


def test_unwritable_folder_is_said(portal, reply, tmp_path):
    (tmp_path / "recus").write_text("un fichier, pas un dossier")
    with pytest.raises(PortalError, match=r"écriture de .* impossible"):
        http.download(portal.reply(PATH, reply(CSV)), tmp_path / "recus", "fichier.csv")


def test_failure_keeps_the_file_of_before(portal, reply, folder):
    url = portal.reply(PATH, reply(CSV), reply(b"", status=404))
    http.download(url, folder, "fichier.csv")
    with pytest.raises(PortalError):
        http.download(url, folder, "fichier.csv")
    assert (folder / "fichier.csv").read_bytes() == CSV


def test_etag_and_last_modified_make_the_request_conditional(portal, reply, folder):
    date = "Tue, 03 Mar 2026 10:00:00 GMT"
    url = portal.reply(PATH, reply(CSV, headers={"ETag": '"a1"', "Last-Modified": date}))
    assert http.download(url, folder, "f.csv", known=known(etag='"a1"')) == http.NotModified(url)
    assert http.download(url, folder, "f.csv", known=known(last_modified=date)) == http.NotModified(url)
    assert not folder.exists()
    assert isinstance(http.download(url, folder, "f.csv", known=known(etag='"a0"')), http.Downloaded)


def test_portal_deaf_to_conditions_is_not_downloaded_again(portal, reply, folder):
    date = "Tue, 03 Mar 2026 10:00:00 GMT"
    etag = {"ETag": 'W/"a1"'}
    url = portal.reply(PATH, reply(CSV, headers=etag, validators=False))
    assert http.download(url, folder, "f.csv", known=known(etag='"a1"')) == http.NotModified(url)
    url = portal.reply("/daté", reply(CSV, headers={"Last-Modified": date}, validators=False))
    portal.replies["/dat%C3%A9"] = portal.replies["/daté"]
    assert http.download(url, folder, "f.csv", known=known(last_modified=date)) == http.NotModified(url)


def test_new_etag_wins_over_an_old_date(portal, reply, folder):
    date = "Tue, 03 Mar 2026 10:00:00 GMT"
    headers = {"ETag": '"a2"', "Last-Modified": date}
    url = portal.reply(PATH, reply(CSV, headers=headers, validators=False))
    received = http.download(url, folder, "f.csv", known=known(etag='"a1"', last_modified=date))
    assert isinstance(received, http.Downloaded)


def test_error_with_known_validators_is_still_an_error(portal, reply, folder):
    url = portal.reply(PATH, reply(status=404, headers={"ETag": '"a1"'}, validators=False))
    assert "le portail répond 404" in refused(url, folder, known=known(etag='"a1"'))


def test_not_modified_without_a_question_is_refused(portal, reply, folder):
    assert "le portail répond 304" in refused(portal.reply(PATH, reply(status=304)), folder)


def test_address_that_is_none_is_refused(folder):
    assert "adresse ou réponse illisible" in refused("http://127.0.0.1:port/fichier.csv", folder)


def test_get_json(portal, reply, waits):
    url = portal.reply(PATH, reply(status=503), reply(b'{"a": 1}'))
    assert http.get_json(url) == {"a": 1}
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>Maintenance</html>", "page HTML"),
        (b'{"a": ', "pas un objet JSON"),
        (b"[1]", "pas un objet JSON"),
        (b"", "réponse vide"),
    ],
)
def test_get_json_refuses_what_is_not_an_object(portal, reply, body, said):
    with pytest.raises(PortalError, match=said):
        http.get_json(portal.reply(PATH, reply(body)))


def test_get_json_of_an_unknown_data_set(portal):
    with pytest.raises(PortalError, match="le portail répond 404"):
        http.get_json(f"{portal.base}/inconnu")


@pytest.mark.parametrize(
    ("sources", "url", "expected"),
    [
        ("essai", "https://data.ameli.fr/api/x?a=%3B", "http://127.0.0.1:8180/data.ameli.fr/api/x?a=%3B"),
        ("essai", "https://static.data.gouv.fr/r/f.csv", "http://127.0.0.1:8180/static.data.gouv.fr/r/f.csv"),
        ("essai", "http://127.0.0.1:8180/data.ameli.fr/x", "http://127.0.0.1:8180/data.ameli.fr/x"),
        ("direct", "https://data.ameli.fr/api/x?a=%3B", "https://data.ameli.fr/api/x?a=%3B"),
    ],
)
def test_rebase(sources, url, expected):
    assert http.rebase(url, Settings(sources=sources, replique="http://127.0.0.1:8180/")) == expected


def test_iso_date():
    assert policy.iso_date("Tue, 03 Mar 2026 10:00:00 GMT") == "2026-03-03T10:00:00+00:00"
    assert policy.iso_date("hier") is None
    assert policy.iso_date(None) is None
