"""The replica answers as the portals do, and fails on demand."""

import datetime as dt
import email.utils
import gzip
import hashlib
import io
import json
import time
import zipfile

import httpx
import pytest

from acces_soins.catalog import get_source, load_sources
from acces_soins.errors import ConfigurationError
from acces_soins.settings import get_settings
from acces_soins.trial import replica
from acces_soins.trial.faults import label, other_bytes, read_faults
from acces_soins.trial.layouts import extract
from acces_soins.trial.replica import Fault, FaultKind, Portal, create_app, host, serve_replica

AS_OF = dt.date(2026, 11, 22)
ALD = get_source("ameli.patients_longueduree_infra_annuelle")
APL = get_source("drees.apl_medecins_generalistes")
FINESS = get_source("finess.materiels_lourds")
REGIONS = get_source("insee.cog_regions")
MELODI = get_source("insee.ds_estimation_population")


@pytest.fixture(scope="module")
def served():
    portal = Portal(AS_OF)
    with serve_replica(portal=portal) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield portal, client


@pytest.fixture
def portal(served):
    found = served[0]
    found.as_of = AS_OF
    found.faults.clear()
    found.requests.clear()
    found.melodi_calls.clear()
    found.clock = time.monotonic
    return found


@pytest.fixture
def client(served, portal):
    return served[1]


def dataset(source):
    return f"/{host(source)}/api/explore/v2.1/catalog/datasets/{source.dataset}"


def export(source):
    return f"{dataset(source)}/exports/csv?delimiter=%3B&use_labels=false&timezone=UTC"


def plain(source):
    return f"/{host(source)}{source.meta['chemin']}"


def resource(client, source=FINESS):
    return client.get(f"/{host(source)}/api/1/datasets/{source.dataset}/").json()["resources"][0]


def static(resource):
    return "/" + resource["url"].removeprefix("https://")


def test_home_says_that_data_are_fictitious(client):
    page = client.get("/")
    assert "données d'essai" in page.text and "fictives" in page.text and "22/11/2026" in page.text


def test_dataset_metadata(client):
    metas = client.get(dataset(ALD)).json()["metas"]["default"]
    assert metas["license"] == "Licence Ouverte v2.0 (Etalab)"
    assert metas["records_count"] == 121
    assert dt.datetime.fromisoformat(metas["modified"]) == extract(ALD, AS_OF).modified
    assert metas["data_processed"] > metas["modified"]


def test_export_gives_the_extract_without_validators(client):
    answer = client.get(export(ALD))
    assert answer.content == extract(ALD, AS_OF).bytes
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "etag" not in answer.headers
    assert client.get(f"{dataset(ALD)}/exports/csv?use_labels=true").status_code == 400


def test_the_resources_of_a_shared_data_set_are_told_apart(client):
    indicators = [source for source in load_sources().values() if source.producer == "ditp"]
    address = f"/{host(indicators[0])}/api/1/datasets/{indicators[0].dataset}/"
    resources = client.get(address).json()["resources"]
    files = [extract(source, AS_OF).bytes for source in indicators]
    assert [client.get(static(each)).content for each in resources] == files


def test_a_workbook_is_found_among_attachments(client):
    attachments = client.get(f"{dataset(APL)}/attachments").json()["attachments"]
    shown = client.get(dataset(APL)).json()["attachments"]
    assert [attachment["metas"]["id"] for attachment in attachments] == [each["id"] for each in shown]
    # The professions share this data set: each attachment is its own file.
    professions = [source for source in load_sources().values() if source.dataset == APL.dataset]
    assert len(professions) == 5
    paths = ["/" + attachment["href"].removeprefix("https://") for attachment in attachments]
    files = [extract(source, AS_OF).bytes for source in professions]
    assert [client.get(path).content for path in paths] == files
    path = paths[0]
    assert client.get(path + "_autre").status_code == 404
    assert client.get(f"{dataset(ALD)}/attachments").json()["attachments"] == []


def test_catalogue_lists_the_datasets_of_one_portal(client):
    found = client.get("/data.ameli.fr/api/explore/v2.1/catalog/datasets?limit=100").json()
    expected = {source.dataset for source in load_sources().values() if source.producer == "ameli"}
    assert {entry["dataset_id"] for entry in found["results"]} == expected
    assert found["total_count"] == len(expected)


def test_datagouv_resource_announces_its_file(client):
    found = resource(client)
    content = client.get(static(found)).content
    assert found["filesize"] == len(content)
    assert found["checksum"] == {"type": "sha1", "value": hashlib.sha1(content).hexdigest()}
    assert found["url"].startswith("https://static.data.gouv.fr/resources/")


def test_stable_address_leads_to_the_last_upload_on_the_replica(client):
    found = resource(client)
    answer = client.get("/" + found["latest"].removeprefix("https://"))
    assert answer.status_code == 302
    assert answer.headers["location"] == static(found)


def test_an_address_of_another_upload_is_gone(client, portal):
    path = static(resource(client))
    portal.as_of = dt.date(2026, 8, 1)
    assert client.get(path).status_code == 404
    assert client.get(static(resource(client))).status_code == 200


def test_plain_file_with_validators(client):
    answer = client.get(plain(REGIONS))
    assert answer.content == extract(REGIONS, AS_OF).bytes
    assert answer.headers["last-modified"] == "Fri, 06 Mar 2026 06:00:00 GMT"
    head = client.head(plain(REGIONS))
    assert head.content == b""
    assert head.headers["content-length"] == str(len(answer.content))
    assert head.headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({"If-None-Match": "ETAG"}, 304),
        ({"If-None-Match": '"autre"'}, 200),
        ({"If-Modified-Since": "Fri, 06 Mar 2026 06:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Thu, 05 Mar 2026 06:00:00 GMT"}, 200),
        ({"If-None-Match": '"autre"', "If-Modified-Since": "Fri, 06 Mar 2026 06:00:00 GMT"}, 200),
    ],
)
def test_conditional_requests(client, header, status):
    etag = client.head(plain(REGIONS)).headers["etag"]
    answer = client.get(plain(REGIONS), headers={k: v.replace("ETAG", etag) for k, v in header.items()})
    assert answer.status_code == status
    assert bool(answer.content) == (status == 200)


def melodi(client, page=1, size=1000):
    path = f"/{host(MELODI)}/melodi/data/{MELODI.dataset}"
    return client.get(f"{path}?GEO=DEP&maxResult={size}&totalCount=TRUE&page={page}")


def test_melodi_gives_pages_that_follow_one_another(client, portal):
    whole = json.loads(extract(MELODI, AS_OF).bytes)["observations"]
    found, page = [], melodi(client)
    while True:
        answer = page.json()
        found += answer["observations"]
        assert answer["paging"]["count"] == len(whole)
        if answer["paging"]["isLast"]:
            break
        page = client.get("/" + answer["paging"]["next"].removeprefix("https://"))
    assert found == whole and len(portal.requests) == 7
    assert melodi(client, size=10).json()["observations"] == whole[:10]
    described = client.get(f"/{host(MELODI)}/melodi/catalog/{MELODI.dataset}").json()
    assert described["numObservations"] == len(whole)


def test_melodi_refuses_more_than_thirty_requests_a_minute(client, portal):
    now = [0.0]
    portal.clock = lambda: now[0]
    assert {melodi(client).status_code for _ in range(30)} == {200}
    now[0] = 12.5
    refused = melodi(client)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "48")
    now[0] = 60.5
    assert melodi(client).status_code == 200


def test_melodi_may_stop_at_a_hundred_observations(client, portal):
    portal.faults[MELODI.id] = Fault(FaultKind.LIMITED)
    answer = melodi(client).json()
    assert len(answer["observations"]) == 100 and answer["paging"]["isLast"]


@pytest.mark.parametrize(
    "path", ["/www.insee.fr/rien.csv", "/ailleurs.fr/api/explore/v2.1/catalog/datasets", "/x"]
)
def test_what_does_not_exist_is_404(client, path):
    assert client.get(path).status_code == 404


def test_the_day_may_change_between_nights(client, portal):
    before = client.get(export(ALD)).content
    portal.as_of = dt.date(2026, 8, 1)
    assert client.get(export(ALD)).content == extract(ALD, dt.date(2026, 8, 1)).bytes != before


def test_without_a_day_the_settings_decide(client, portal, monkeypatch):
    monkeypatch.setenv("ACCES_SOINS_DATE", "2026-08-01")
    get_settings.cache_clear()
    portal.as_of = None
    try:
        assert client.get(export(ALD)).content == extract(ALD, dt.date(2026, 8, 1)).bytes
    finally:
        get_settings.cache_clear()


# Faults


def test_down_hits_metadata_and_file_of_one_source(client, portal):
    portal.faults[ALD.id] = Fault(FaultKind.DOWN, retry_after=7)
    for path in (dataset(ALD), export(ALD)):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert client.get(dataset(APL)).status_code == 200


def test_a_fault_may_pass(client, portal):
    portal.faults[REGIONS.id] = Fault(FaultKind.DOWN, times=2)
    assert [client.get(plain(REGIONS)).status_code for _ in range(3)] == [503, 503, 200]


def test_missing(client, portal):
    portal.faults[FINESS.id] = Fault(FaultKind.MISSING)
    assert client.get(f"/{host(FINESS)}/api/1/datasets/{FINESS.dataset}/").status_code == 404


@pytest.mark.parametrize(
    ("kind", "status"), [(FaultKind.BROKEN, 500), (FaultKind.BUSY, 429), (FaultKind.GONE, 410)]
)
def test_status_of_the_whole_source(client, portal, kind, status):
    portal.faults[ALD.id] = Fault(kind)
    assert [client.get(path).status_code for path in (dataset(ALD), export(ALD))] == [status, status]


def test_retry_after_as_a_date(client, portal):
    portal.faults[ALD.id] = Fault(FaultKind.BUSY, retry_after=60, as_date=True)
    asked = email.utils.parsedate_to_datetime(client.get(export(ALD)).headers["retry-after"])
    assert asked > dt.datetime.now(dt.UTC)


def test_json_error_in_place_of_the_metadata_or_of_the_file(client, portal):
    portal.faults[ALD.id] = Fault(FaultKind.JSON_METADATA)
    assert client.get(dataset(ALD)).json()["error_code"] and "metas" not in client.get(dataset(ALD)).json()
    assert client.get(export(ALD)).content == extract(ALD, AS_OF).bytes
    portal.faults[ALD.id] = Fault(FaultKind.JSON_ERROR)
    assert client.get(dataset(ALD)).json()["metas"]
    assert client.get(export(ALD)).json()["error_code"]


def test_short_answers_seem_whole(client, portal):
    whole = extract(ALD, AS_OF).bytes
    portal.faults[ALD.id] = Fault(FaultKind.SHORT)
    assert client.get(export(ALD)).content == whole[: len(whole) * 6 // 10]
    portal.faults[ALD.id] = Fault(FaultKind.LIMITED)
    assert client.get(export(ALD)).content.count(b"\n") == 101


def test_labels_in_place_of_names(client, portal):
    portal.faults[ALD.id] = Fault(FaultKind.LABELS)
    head, rest = client.get(export(ALD)).content.split(b"\n", 1)
    assert head.decode().strip().split(";") == [label(column) for column in ALD.columns]
    assert rest == extract(ALD, AS_OF).bytes.split(b"\n", 1)[1]


def test_redirects(client, portal):
    portal.faults[REGIONS.id] = Fault(FaultKind.REDIRECT)
    answer = client.get(plain(REGIONS), follow_redirects=True)
    assert answer.content == extract(REGIONS, AS_OF).bytes and len(answer.history) == 1
    portal.faults[REGIONS.id] = Fault(FaultKind.LOOP)
    with pytest.raises(httpx.TooManyRedirects):
        client.get(plain(REGIONS), follow_redirects=True)
    portal.faults[REGIONS.id] = Fault(FaultKind.ASTRAY)
    assert client.get(plain(REGIONS)).headers["location"] == "https://www.insee.fr"


def test_a_certificate_that_nobody_trusts(client, portal):
    portal.faults[REGIONS.id] = Fault(FaultKind.CERTIFICATE)
    address = client.get(plain(REGIONS)).headers["location"]
    assert address.startswith("https://127.0.0.1:")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(address)


def test_gzip_that_no_one_asked_for(client, portal):
    portal.faults[REGIONS.id] = Fault(FaultKind.GZIP)
    assert client.get(plain(REGIONS)).content == extract(REGIONS, AS_OF).bytes
    portal.faults[REGIONS.id] = Fault(FaultKind.BAD_GZIP)
    with client.stream("GET", plain(REGIONS)) as answer, pytest.raises(EOFError):
        gzip.decompress(b"".join(answer.iter_raw()))


def test_bodies_that_never_end(client, portal):
    portal.faults[REGIONS.id] = Fault(FaultKind.HUGE_ANNOUNCED)
    with client.stream("GET", plain(REGIONS)) as answer:
        assert answer.headers["content-length"] == "10000000000"
    portal.faults[REGIONS.id] = Fault(FaultKind.HUGE)
    with client.stream("GET", plain(REGIONS)) as answer:
        assert "content-length" not in answer.headers
        assert len(next(answer.iter_raw(5_000_000))) == 5_000_000
    portal.faults[REGIONS.id] = Fault(FaultKind.DRIP, delay=0)
    with client.stream("GET", plain(REGIONS)) as answer:
        assert next(answer.iter_raw(3)) == extract(REGIONS, AS_OF).bytes[:3]


def test_a_lying_etag_hides_other_bytes(client, portal):
    genuine = client.get(plain(REGIONS))
    portal.faults[REGIONS.id] = Fault(FaultKind.STALE)
    lie = client.get(plain(REGIONS))
    assert sorted(lie.content) == sorted(genuine.content) and lie.content != genuine.content
    assert {name: lie.headers[name] for name in ("etag", "last-modified")} == {
        name: genuine.headers[name] for name in ("etag", "last-modified")
    }
    portal.faults[REGIONS.id] = Fault(FaultKind.TOUCHED)
    touched = client.get(plain(REGIONS), headers={"If-None-Match": genuine.headers["etag"]})
    assert touched.status_code == 200 and touched.content == genuine.content


def test_other_bytes_of_a_packed_file_are_packed():
    assert gzip.decompress(other_bytes(gzip.compress(b"a\nb\nc\n"))) == b"a\nc\nb\n"


def test_other_bytes_of_a_workbook_are_a_workbook():
    content = extract(APL, AS_OF).bytes
    other = other_bytes(content)
    assert other != content
    assert zipfile.ZipFile(io.BytesIO(other)).testzip() is None


def test_html_in_place_of_the_file(client, portal):
    portal.faults[ALD.id] = Fault(FaultKind.HTML)
    answer = client.get(export(ALD))
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
    assert client.get(dataset(ALD)).json()["metas"]


def test_empty(client, portal):
    portal.faults[ALD.id] = Fault(FaultKind.EMPTY)
    answer = client.get(export(ALD))
    assert (answer.status_code, answer.content) == (200, b"")


def test_truncated_cuts_the_connection(client, portal):
    portal.faults[REGIONS.id] = Fault(FaultKind.TRUNCATED)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(plain(REGIONS))


def test_slow_gives_the_whole_file_to_the_patient_only(client, portal):
    portal.faults[REGIONS.id] = Fault(FaultKind.SLOW, delay=0.5)
    with pytest.raises(httpx.ReadTimeout):
        client.get(plain(REGIONS), timeout=httpx.Timeout(5, read=0.1))
    assert client.get(plain(REGIONS)).content == extract(REGIONS, AS_OF).bytes


@pytest.mark.parametrize("source", [ALD, FINESS, REGIONS], ids=lambda s: s.id)
def test_replaced_is_a_later_upload_that_metadata_agree_with(client, portal, source):
    portal.faults[source.id] = Fault(FaultKind.REPLACED, change=lambda content: content + b"x;y\n")
    expected = extract(source, AS_OF).bytes + b"x;y\n"
    if source is FINESS:
        found = resource(client)
        assert found["filesize"] == len(expected)
        assert client.get(static(found)).content == expected
    elif source is ALD:
        metas = client.get(dataset(source)).json()["metas"]["default"]
        assert metas["records_count"] == 122
        assert dt.datetime.fromisoformat(metas["modified"]) > extract(source, AS_OF).modified
        assert client.get(export(source)).content == expected
    else:
        answer = client.get(plain(source))
        assert answer.content == expected
        assert answer.headers["last-modified"] == "Fri, 06 Mar 2026 07:00:00 GMT"


def test_requests_are_remembered(client, portal):
    client.get(dataset(ALD))
    client.head(plain(REGIONS))
    assert list(portal.requests) == [("GET", dataset(ALD)), ("HEAD", plain(REGIONS))]


def test_create_app_takes_a_day_and_faults():
    faults = {ALD.id: Fault(FaultKind.DOWN)}
    app = create_app(AS_OF, faults)
    assert app.state.portal.as_of == AS_OF
    assert app.state.portal.faults is faults


def test_it_refuses_to_listen_beyond_the_machine(monkeypatch):
    monkeypatch.setattr(replica.uvicorn, "run", lambda *args, **kwargs: None)
    monkeypatch.setenv("ACCES_SOINS_REPLIQUE", "http://0.0.0.0:8180")
    get_settings.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1"):
            replica.main([])
    finally:
        get_settings.cache_clear()


def test_faults_may_be_played_by_hand(tmp_path, capsys, monkeypatch):
    played = tmp_path / "pannes.yml"
    played.write_text(f"{ALD.id}: page_html\n{REGIONS.id}: {{panne: attente_429, fois: 2, attente: 5}}\n")
    served = []
    monkeypatch.setattr(replica.uvicorn, "run", lambda app, **kwargs: served.append(app.state.portal))
    replica.main(["--pannes", str(played)])
    assert served[0].faults == {
        ALD.id: Fault(FaultKind.HTML),
        REGIONS.id: Fault(FaultKind.BUSY, times=2, retry_after=5, delay=5.0),
    }
    assert f"panne jouée : {ALD.id}, page_html" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["ameli.inconnue: page_html", "insee.cog_regions: en_panne"])
def test_an_unknown_fault_is_refused_with_the_list(tmp_path, line):
    played = tmp_path / "pannes.yml"
    played.write_text(line)
    with pytest.raises(ConfigurationError, match="une panne parmi panne_503, attente_429"):
        read_faults(played)


def test_help_tells_how_to_play_faults(capsys):
    with pytest.raises(SystemExit):
        replica.main(["--help"])
    told = capsys.readouterr().out
    assert "--pannes" in told and "goutte_a_goutte" in told and "ACCES_SOINS_PANNES" in told


def test_metadata_say_that_data_are_fictitious(client):
    assert "Données d'essai" in client.get(dataset(ALD)).json()["metas"]["default"]["description"]
