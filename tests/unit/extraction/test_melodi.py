"""INSEE's Melodi: pages of observations, in order, all of them or none, thirty requests a minute."""

import json
from types import SimpleNamespace

import pytest
from pyrate_limiter import Duration, InMemoryBucket, Rate

from acces_soins.catalog import get_source
from acces_soins.errors import PortalError
from acces_soins.extraction import Unchanged, fetch, melodi, policy

SOURCE = get_source("insee.ds_estimation_population")
CATALOGUE = "/api.insee.fr/melodi/catalog/DS_ESTIMATION_POPULATION"
DATA = "/api.insee.fr/melodi/data/DS_ESTIMATION_POPULATION"
FILTERS = "EP_MEASURE=POP_JAN_1ST&GEO=DEP&GEO=REG&GEO=FRANCE-F&startPeriod=2014"
QUERY = f"{FILTERS}&maxResult=10000&totalCount=TRUE&page="
MODIFIED = "2026-01-14T12:00:00"


@pytest.fixture(autouse=True)
def bucket(monkeypatch):
    """A fresh allowance of requests."""
    fresh = InMemoryBucket([Rate(30, Duration.MINUTE)])
    monkeypatch.setattr(melodi, "_BUCKET", fresh)
    return fresh


@pytest.fixture
def serve(portal, reply):
    """Serve these pages of observations; ``paging`` changes what each says of the others."""

    def pages(*contents, modified=MODIFIED, count=None, **paging):
        portal.reply_json(CATALOGUE, {"identifier": "DS_ESTIMATION_POPULATION", "modified": modified})
        total = sum(len(content) for content in contents) if count is None else count
        sent = []
        for rank, content in enumerate(contents, start=1):
            said = {"first": f"https://api.insee.fr/melodi/data/X?{QUERY}1", "count": total, **paging}
            if rank < len(contents):
                said.setdefault(
                    "next", f"https://api.insee.fr{DATA.removeprefix('/api.insee.fr')}?{QUERY}{rank + 1}"
                )
            # Melodi indents nothing; a body of several lines must be kept as it is all the same.
            sent.append(json.dumps({"observations": content, "paging": said}, indent=rank).encode())
            portal.reply(f"{DATA}?{QUERY}{rank}", reply(sent[-1]))
        return sent

    return pages


def observations(*codes):
    return [
        {"dimensions": {"GEO": f"2026-DEP-{code}"}, "measures": {"OBS_VALUE_NIVEAU": {"value": 1577.0}}}
        for code in codes
    ]


def refused(folder) -> str:
    with pytest.raises(PortalError) as error:
        fetch(SOURCE, None, folder)
    assert not folder.exists() or list(folder.iterdir()) == []
    return str(error.value)


def test_pages_are_kept_as_received_in_one_file(portal, serve, folder):
    sent = serve(observations("01", "02"), observations("2A"))
    got = fetch(SOURCE, None, folder)
    assert got.path.name == "DS_ESTIMATION_POPULATION.json"
    assert got.path.read_bytes() == sent[0] + b"\n" + sent[1] + b"\n"
    assert (got.announced_rows, got.producer_date) == (3, MODIFIED)
    assert got.url == f"{portal.base}{DATA}?{QUERY}1"
    assert got.licence == "Licence Ouverte 2.0"
    assert [request.path for request in portal.requests] == [
        CATALOGUE,
        f"{DATA}?{QUERY}1",
        f"{DATA}?{QUERY}2",
    ]


def test_the_same_data_twice_make_the_same_bytes(serve, folder):
    serve(observations("01"), observations("02"))
    first = fetch(SOURCE, None, folder).path.read_bytes()
    assert fetch(SOURCE, None, folder / "encore").path.read_bytes() == first


def test_a_date_that_did_not_move_spares_the_pages(portal, serve, folder):
    serve(observations("01"))
    first = fetch(SOURCE, None, folder)
    before = SimpleNamespace(url=first.url, producer_date=first.producer_date)
    portal.requests.clear()
    assert fetch(SOURCE, before, folder) == Unchanged(f"date du producteur inchangée ({MODIFIED})")
    assert len(portal.requests) == 1
    serve(observations("01"), modified="2027-01-14T12:00:00")
    assert fetch(SOURCE, before, folder).producer_date == "2027-01-14T12:00:00"


def test_a_page_that_fails_leaves_nothing(portal, serve, reply, folder):
    serve(observations("01"), observations("02"))
    portal.reply(f"{DATA}?{QUERY}2", reply(b'{"observations": [{"dim'))
    assert "n'est pas un objet JSON" in refused(folder)
    portal.reply(f"{DATA}?{QUERY}2", reply(status=500))
    assert "en panne (500, 3 tentatives)" in refused(folder)
    portal.reply(f"{DATA}?{QUERY}2", reply(b'{"paging": {}}'))
    assert "réponse sans liste « observations »" in refused(folder)


@pytest.mark.parametrize(("count", "said"), [(10_000, "10000 annoncées"), (0, "0 annoncées")])
def test_pages_that_do_not_make_the_announced_total_are_refused(serve, folder, count, said):
    serve(observations("01", "02"), observations("03"), count=count)
    assert f"3 observations reçues en 2 pages, {said}" in refused(folder)


def test_pages_that_go_round_are_refused(serve, folder):
    serve(
        observations("01"),
        next=f"https://api.insee.fr/melodi/data/DS_ESTIMATION_POPULATION?{QUERY}1",
        count=9,
    )
    assert "1 observations reçues en 1 page, 9 annoncées" in refused(folder)


@pytest.mark.parametrize(
    "elsewhere",
    ["https://ailleurs.fr/melodi/data/DS_ESTIMATION_POPULATION?page=2", f"https:/{DATA}_AUTRE?page=2"],
)
def test_a_next_page_elsewhere_is_refused(serve, folder, elsewhere):
    serve(observations("01"), next=elsewhere)
    assert "page suivante hors du jeu demandé" in refused(folder)


def test_too_many_bytes_are_refused(serve, folder, monkeypatch):
    monkeypatch.setitem(SOURCE.meta, "taille_max_mo", 0.001)
    serve(observations("01"), observations(*map(str, range(20))))
    assert "pour une limite de 0 Mo" in refused(folder)


def test_a_data_set_that_is_gone_names_the_key(portal, reply, folder):
    portal.reply(CATALOGUE, reply(status=404))
    assert "corriger « jeu » de insee.ds_estimation_population (_insee__sources.yml)" in refused(folder)


def test_thirty_requests_a_minute_and_no_more(serve, folder, monkeypatch, bucket):
    now = [0.0]
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(policy, "POLICY", policy.Policy(clock=lambda: now[0], sleep=sleep))
    serve(*(observations(str(rank)) for rank in range(40)))  # and the catalogue: forty-one requests
    assert fetch(SOURCE, None, folder).announced_rows == 40
    assert 60 <= sum(slept) <= 61


def test_a_portal_that_asks_to_wait_is_obeyed(portal, serve, reply, folder, waits):
    (page,) = serve(observations("01"))
    portal.reply(f"{DATA}?{QUERY}1", reply(status=429, headers={"Retry-After": "42"}), reply(page))
    assert fetch(SOURCE, None, folder).announced_rows == 1
    assert waits == [42.0]
