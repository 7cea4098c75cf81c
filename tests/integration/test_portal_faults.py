"""Portals that misbehave, through a whole extraction: each fault × each protocol, then one night for all."""

import itertools
import re
from dataclasses import replace

import pytest

from acces_soins import extraction, landing, steps
from acces_soins.catalog import get_source
from acces_soins.errors import PortalError, RefusedInput
from acces_soins.extraction import policy
from acces_soins.settings import get_settings
from acces_soins.trial.faults import Fault, FaultKind, label
from nights import run_night

EXPORT = "ameli.patients_longueduree_infra_annuelle"
ATTACHMENT = "drees.apl_medecins_generalistes"
RESOURCE = "finess.materiels_lourds"
PLAIN = "insee.cog_regions"
MELODI = "insee.ds_estimation_population"
PROTOCOLS = {
    "opendatasoft": EXPORT,
    "piece_jointe": ATTACHMENT,
    "datagouv": RESOURCE,
    "fichier": PLAIN,
    "melodi": MELODI,
}

GONE = r"renommé, retiré.* corriger « (jeu|chemin) » de "
# What each fault says, whatever the protocol; None: the file is received all the same.
SAID = {
    FaultKind.DOWN: r"le portail est en panne \(503, 2 tentatives\)",
    FaultKind.BUSY: r"le portail demande d'attendre \(429, 2 tentatives\)",
    FaultKind.BROKEN: r"le portail est en panne \(500, 2 tentatives\)",
    FaultKind.MISSING: r"le portail répond 404.*" + GONE,
    FaultKind.GONE: r"le portail répond 410.*" + GONE,
    FaultKind.JSON_METADATA: r"erreur du portail à la place des données : « Le service d'essai",
    FaultKind.HTML: r"page HTML reçue à la place des données",
    FaultKind.JSON_ERROR: r"erreur du portail à la place des données : « Le service d'essai",
    FaultKind.EMPTY: r"réponse vide à la place des données",
    FaultKind.TRUNCATED: r"réponse tronquée, connexion coupée avant la fin",
    FaultKind.SLOW: None,
    FaultKind.DRIP: r"réponse trop lente, \d+ octets en \d+ secondes",
    FaultKind.REDIRECT: None,
    FaultKind.LOOP: r"plus de 5 redirections",
    FaultKind.ASTRAY: r"adresse hors de la réplique locale, refusée sur données d'essai",
    FaultKind.CERTIFICATE: r"certificat refusé \(.*\), l'identité du portail n'est pas prouvée",
    FaultKind.GZIP: None,
    FaultKind.BAD_GZIP: r"réponse compressée \(gzip\) illisible",
    FaultKind.HUGE_ANNOUNCED: r"10\s000 Mo annoncés, pour une limite de (2\s000|50) Mo",
    FaultKind.HUGE: r"réponse sans fin, pour une limite de 3 Mo",
}
# No byte is missing for HTTP: what the portal announces elsewhere, or the reader, tells.
SHORT = {
    "opendatasoft": r"ligne \d+ : attendu \d+ champs|lignes, comme le portail l'annonce",
    "piece_jointe": r"classeur",
    "datagouv": r"\d+ octets reçus, \d+ annoncés",
    "fichier": r"ligne \d+ : attendu 6 champs",
    "melodi": r"la réponse n'est pas un objet JSON",
}


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Nothing sleeps, two attempts, and no day of verification."""
    quick = replace(policy.POLICY, attempts=2, sleep=lambda seconds: None)
    monkeypatch.setattr(policy, "POLICY", quick)
    monkeypatch.setattr(extraction, "VERIFICATION_DAYS", 10**9)


@pytest.fixture
def play(portal, monkeypatch):
    """Set a fault on the source of a protocol, at the pace of a test; returns the source."""

    def set_up(source_id, kind):
        source = get_source(source_id)
        portal.faults[source_id] = Fault(kind, delay=0.002)
        if kind is FaultKind.DRIP:
            ticks = itertools.count(step=10)
            monkeypatch.setattr(policy, "POLICY", replace(policy.POLICY, clock=lambda: next(ticks)))
        if kind is FaultKind.HUGE:
            monkeypatch.setitem(source.meta, "taille_max_mo", 3)
        return source

    return set_up


def extract(source) -> dict:
    """One extraction in a night of its own; whatever happens, nothing stays in the work folder."""
    night = steps.open_night()
    try:
        return steps.extract(source.id, night)
    finally:
        assert [path for path in get_settings().work.rglob("*") if path.is_file()] == []


@pytest.mark.long
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", SAID)
def test_each_fault_of_each_protocol(play, kind, protocol):
    if kind is FaultKind.JSON_METADATA and protocol == "fichier":
        pytest.skip("un fichier simple n'a pas de métadonnées")
    source = play(PROTOCOLS[protocol], kind)
    if SAID[kind] is None:
        assert extract(source)["resultat"] == "nouvelle_edition"
        return
    with pytest.raises(PortalError, match=SAID[kind]):
        extract(source)
    assert landing.latest(source) is None


@pytest.mark.long
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_bytes_that_seem_whole_but_are_not(play, protocol):
    source = play(PROTOCOLS[protocol], FaultKind.SHORT)
    with pytest.raises((PortalError, RefusedInput), match=SHORT[protocol]):
        extract(source)
    assert landing.latest(source) is None


@pytest.mark.long
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_etag_that_lies_is_met_on_the_day_of_verification(play, portal, monkeypatch, protocol):
    source = get_source(PROTOCOLS[protocol])
    first = extract(source)
    play(source.id, FaultKind.STALE)
    assert extract(source)["resultat"] == "inchange"
    monkeypatch.setattr(extraction, "VERIFICATION_DAYS", 1)
    second = extract(source)
    assert second["resultat"] == "nouvelle_edition" and second["sha256"] != first["sha256"]


@pytest.mark.long
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_new_etag_on_the_same_bytes_is_unchanged(play, protocol):
    source = get_source(PROTOCOLS[protocol])
    extract(source)
    play(source.id, FaultKind.TOUCHED)
    assert extract(source)["resultat"] == "inchange"
    assert len(landing.manifests(source)) == 1


def test_pages_stopped_at_the_limit_of_the_api(play):
    source = play(MELODI, FaultKind.LIMITED)
    with pytest.raises(PortalError, match=r"100 observations reçues en 1 page, 6480 annoncées"):
        extract(source)
    assert landing.latest(source) is None


def test_an_export_stopped_at_the_limit_of_the_api(play):
    source = play(EXPORT, FaultKind.LIMITED)
    with pytest.raises(RefusedInput) as refusal:
        extract(source)
    assert "attendu 121 lignes, comme le portail l'annonce ; trouvé 100 lignes" in str(refusal.value)
    assert landing.latest(source) is None


def test_labels_in_place_of_names(play, monkeypatch):
    source = play(EXPORT, FaultKind.LABELS)
    with pytest.raises(RefusedInput, match="déclarer les alias") as refusal:
        extract(source)
    assert "attendu une ligne d'entête avec les colonnes « annee »" in str(refusal.value)
    monkeypatch.setitem(source.meta, "alias", {label(c): c.name for c in source.columns})
    assert extract(source)["resultat"] == "nouvelle_edition"


# One of each class: the source, its fault, what the night says of it (None: the file is received).
CLASSES = {
    "429 with Retry-After": (EXPORT, Fault(FaultKind.BUSY), SAID[FaultKind.BUSY]),
    "429 with Retry-After, then the file": (EXPORT, Fault(FaultKind.BUSY, times=1), None),
    "500 then 200": (PLAIN, Fault(FaultKind.BROKEN, times=1), None),
    "503 for ever": (RESOURCE, Fault(FaultKind.DOWN), SAID[FaultKind.DOWN]),
    "cut at 60 %": (PLAIN, Fault(FaultKind.TRUNCATED), SAID[FaultKind.TRUNCATED]),
    "slow drip": (PLAIN, Fault(FaultKind.DRIP, delay=0.002), SAID[FaultKind.DRIP]),
    "redirect": (PLAIN, Fault(FaultKind.REDIRECT), None),
    "wrong Content-Length": (RESOURCE, Fault(FaultKind.SHORT), SHORT["datagouv"]),
    "broken gzip": (EXPORT, Fault(FaultKind.BAD_GZIP), SAID[FaultKind.BAD_GZIP]),
    "HTML with status 200": (PLAIN, Fault(FaultKind.HTML), SAID[FaultKind.HTML]),
    "JSON error with status 200": (EXPORT, Fault(FaultKind.JSON_ERROR), SAID[FaultKind.JSON_ERROR]),
    "10 GB": (PLAIN, Fault(FaultKind.HUGE_ANNOUNCED), SAID[FaultKind.HUGE_ANNOUNCED]),
    "certificate": (PLAIN, Fault(FaultKind.CERTIFICATE), SAID[FaultKind.CERTIFICATE]),
    "gone": (EXPORT, Fault(FaultKind.GONE), SAID[FaultKind.GONE]),
    "limit of 100": (EXPORT, Fault(FaultKind.LIMITED), "attendu 121 lignes, comme le portail l'annonce"),
    "labels in the header": (EXPORT, Fault(FaultKind.LABELS), "déclarer les alias"),
}


@pytest.mark.long
@pytest.mark.parametrize(("source_id", "fault", "sentence"), CLASSES.values(), ids=list(CLASSES))
def test_a_whole_night_and_the_next_one(after_first_night, served, monkeypatch, source_id, fault, sentence):
    """The publication untouched and the fault told; the next night asks again, without hands."""
    monkeypatch.setattr(extraction, "VERIFICATION_DAYS", 1)
    before = served()
    after_first_night.faults = {source_id: replace(fault)}  # a fault counts its strikes
    with monkeypatch.context() as fast:
        if fault.kind is FaultKind.DRIP:
            ticks = itertools.count(step=10)
            fast.setattr(policy, "POLICY", replace(policy.POLICY, clock=lambda: next(ticks)))
        night = run_night([source_id])
    assert night.state == "inchange" and served() == before
    told = [alert for alert in night.outcome["alertes"] if alert.startswith(source_id)]
    if sentence:
        assert re.search(sentence, str(night.errors[source_id])) and re.search(sentence, "".join(told))
    else:
        assert night.errors == {} and told == []
    after_first_night.faults.clear()
    night = run_night([source_id])
    assert night.errors == {} and night.state == "inchange" and served() == before
    assert not [alert for alert in night.outcome["alertes"] if alert.startswith(source_id)]


@pytest.mark.long
def test_a_lying_etag_through_whole_nights(after_first_night, served, monkeypatch):
    """Believed until the day of verification: the night of that day publishes what was hidden."""
    before = served()
    run_night([PLAIN])  # this replica has an address of its own: a night learns its validators
    after_first_night.faults[PLAIN] = Fault(FaultKind.STALE)
    night = run_night([PLAIN])
    assert night.state == "inchange" and night.errors == {} and served() == before
    monkeypatch.setattr(extraction, "VERIFICATION_DAYS", 1)
    assert run_night([PLAIN]).state == "publie" and served() != before


def test_one_night_for_each_class_of_fault(after_first_night, served, ask, monkeypatch):
    """The fault, the untouched publication, and the success of the next night without hands."""
    portal = after_first_night
    before = served()
    faulty = {
        "ameli.patients_longueduree_annuelle": FaultKind.BUSY,
        "ameli.file_active_medgen_annuelle": FaultKind.JSON_ERROR,
        "ameli.file_active_medgen_infra_annuelle": FaultKind.JSON_METADATA,
        "ameli.demographie_effectifs_densites": FaultKind.HUGE_ANNOUNCED,
        "ameli.patientele": FaultKind.GONE,
        "drees.apl_medecins_generalistes": FaultKind.TRUNCATED,
        "finess.activites_soins": FaultKind.HTML,
        "insee.cog_departements": FaultKind.ASTRAY,
        "insee.cog_communes": FaultKind.BAD_GZIP,
        "insee.estimation_population_gca": FaultKind.BROKEN,
        MELODI: FaultKind.EMPTY,
        EXPORT: FaultKind.LIMITED,
        PLAIN: FaultKind.HUGE,
        "ameli.zones_sous_dotees_annuelle": FaultKind.DOWN,
        "ameli.medecins_optam_annuelle": FaultKind.LABELS,
        "ameli.couverture_sas_annuelle": FaultKind.MISSING,
        RESOURCE: FaultKind.SHORT,
        "insee.cog_mouvements": FaultKind.CERTIFICATE,
    }
    portal.faults |= {source_id: Fault(kind) for source_id, kind in faulty.items()}
    monkeypatch.setitem(get_source(PLAIN).meta, "taille_max_mo", 3)
    # What the portal says unchanged would never meet its fault: the whole files are asked for.
    monkeypatch.setattr(extraction, "VERIFICATION_DAYS", 1)
    night = run_night(faulty)
    assert night.state == "inchange" and set(night.errors) == set(faulty)
    assert served() == before
    # The next night each of them has put other bytes there.
    portal.faults = {source_id: Fault(FaultKind.REPLACED) for source_id in faulty}
    night = run_night(faulty)
    assert night.state == "publie" and not night.errors
    assert all(len(landing.manifests(get_source(source_id))) == 2 for source_id in faulty)
    assert ask("select * from marts.fraicheur_sources where motif_echec is not null") == []
    assert served() != before
