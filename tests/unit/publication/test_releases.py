"""Releases: proposed, answered by a person, frozen as they were shown, never rewritten, verified."""

import datetime as dt
import json
import multiprocessing
import shutil
import stat
import subprocess

import duckdb
import pytest

from acces_soins import (
    agenda,
    backup,
    durable,
    factsheets,
    formats,
    frozen,
    ledger,
    publication,
    releases,
    retention,
    steps,
    verification,
)
from acces_soins.errors import AccesSoinsError, ConfigurationError
from acces_soins.formats import checksums
from acces_soins.settings import get_settings
from acces_soins.warehouse import DATABASE
from small_publications import CONTRACTS, Point, corsica, publish, revision

DUE = dt.date(2026, 11, 19)


@pytest.fixture(autouse=True)
def few_tables(monkeypatch):
    """The contracts of the tables that the small publications have, and the files that these can give."""
    monkeypatch.setattr(verification, "published_contracts", lambda: CONTRACTS)
    monkeypatch.setattr(
        formats, "write", lambda database, target, about, beside: formats.write_nightly(database, target)
    )
    monkeypatch.setattr(factsheets, "write", lambda database, target, about: target.mkdir())


@pytest.fixture
def serve(tmp_path):
    """Serve a version whose first département has that figure: ``serve(3)``."""
    served = []

    def run(first: float, **details) -> dict:
        before = served[-1] if served else None
        told = [revision("departement", "2A", before, first)] if before not in (None, first) else []
        served.append(first)
        return publish(tmp_path, f"c{len(served)}", corsica(first, 4), told, **details)

    return run


def approve(name: str = "2026T3-r0") -> dict:
    return releases.freeze(name, "Camille Essai")


def folder(name: str = "2026T3-r0"):
    return get_settings().releases / name


def content(path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


@pytest.fixture
def released(serve):
    """One release, frozen."""
    serve(3)
    releases.propose("2026T3")
    return approve()


def test_a_proposal_pins_the_served_version_and_shows_its_report(serve):
    version = serve(3)
    proposal = releases.propose("2026T3")
    assert (proposal["publication"], proposal["version"]) == ("2026T3-r0", version["version"])
    shown = releases.proposal_folder(proposal)
    assert {path.name for path in shown.iterdir()} == {
        "proposition.json", "comparaison.json", "comparaison.md", "comparaison.html",
    }  # fmt: skip
    assert releases.pinned_versions() == {version["version"]}
    assert not get_settings().releases.exists()


def test_a_release_is_whole_named_signed_and_closed_to_writing(released):
    files = {path.name for path in folder().iterdir()}
    assert files == {
        "release.json", "entrepot.duckdb", "fichiers", "fiches", "SHA256SUMS", "politique_de_revision.md",
        "comparaison.json", "comparaison.md", "comparaison.html",
    }  # fmt: skip
    told = json.loads((folder() / "release.json").read_text(encoding="utf-8"))
    assert told == released
    assert (told["publication"], told["trimestre"], told["approuvee_par"]) == (
        "2026T3-r0",
        "2026T3",
        "Camille Essai",
    )
    assert told["entrees"]["commit"] == "abc" and told["entrees"]["date_arrete"] == "2026-09-30"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder(), *folder().rglob("*"))}
    assert modes == {0o444, 0o555}
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder(), capture_output=True
    )
    assert checked.returncode == 0, checked.stdout
    (entered,) = ledger.read(ledger.RELEASES)
    assert (entered["publication"], entered["approuvee_par"]) == ("2026T3-r0", "Camille Essai")
    assert releases.pending() == [] and not any(get_settings().proposals.iterdir())


def test_a_release_is_never_frozen_twice(released):
    before = content(folder())
    with pytest.raises(AccesSoinsError, match="déjà figée, approuvée par Camille Essai"):
        releases.freeze("2026T3-r0", "Dominique Essai")
    assert content(folder()) == before
    assert len(ledger.read(ledger.RELEASES)) == 1


def _approve_and_tell(name: str, answers) -> None:
    try:
        answers.put(("figée", releases.freeze("2026T3-r0", name)["approuvee_par"]))
    except AccesSoinsError as error:
        answers.put(("refus", str(error)))


def test_of_two_persons_who_approve_at_once_one_is_told_that_it_is_done(serve):
    serve(3)
    releases.propose("2026T3")
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    persons = [
        context.Process(target=_approve_and_tell, args=(name, answers)) for name in ("Camille", "Dominique")
    ]
    for person in persons:
        person.start()
    told = dict(answers.get(timeout=120) for _ in persons)
    for person in persons:
        person.join()
    assert told.keys() == {"figée", "refus"}
    assert f"déjà figée, approuvée par {told['figée']}" in told["refus"]
    assert len(ledger.read(ledger.RELEASES)) == 1


def test_a_refusal_is_recorded_freezes_nothing_and_can_be_followed_by_a_proposal(serve):
    serve(3)
    first = releases.propose("2026T3")
    releases.refuse("2026T3-r0", "Camille Essai", "Le chiffre de 2A est faux.")
    assert releases.all_frozen() == [] and releases.pending() == []
    told = [(event["evenement"], event.get("raison_du_refus")) for event in ledger.read(ledger.PROPOSALS)]
    assert told == [("proposee", None), ("refusee", "Le chiffre de 2A est faux.")]
    with pytest.raises(AccesSoinsError, match="n'attend plus"):
        approve()
    # The page that was refused is still open somewhere: approving it does not freeze the next one.
    second = releases.propose("2026T3")
    with pytest.raises(AccesSoinsError, match="n'attend plus"):
        releases.freeze("2026T3-r0", "Dominique Essai", first["proposition"])
    assert (
        releases.freeze("2026T3-r0", "Dominique Essai", second["proposition"])["publication"] == "2026T3-r0"
    )


@pytest.mark.parametrize(("who", "why"), [("", "faux"), ("Camille", "  ")])
def test_a_refusal_says_who_and_why(serve, who, why):
    serve(3)
    releases.propose("2026T3")
    with pytest.raises(ConfigurationError, match="qui refuse et pourquoi"):
        releases.refuse("2026T3-r0", who, why)
    assert len(releases.pending()) == 1


def test_an_approval_without_a_name_freezes_nothing(serve):
    serve(3)
    releases.propose("2026T3")
    with pytest.raises(ConfigurationError, match="qui approuve"):
        releases.freeze("2026T3-r0", " ")
    assert not get_settings().releases.exists()


def test_what_is_frozen_is_what_was_shown_even_after_new_data(serve):
    serve(3)
    shown = releases.propose("2026T3")
    newer = serve(9)
    release = approve()
    assert release["version"] == shown["version"] != newer["version"]
    with duckdb.connect(str(folder() / "entrepot.duckdb"), read_only=True) as connection:
        query = "select valeur from marts.indicateurs_trimestriels where code_territoire = '2A'"
        assert connection.execute(query).fetchone() == (3,)
    assert newer["version"] in (folder() / "comparaison.md").read_text(encoding="utf-8")
    assert release["version_plus_recente"] == newer["version"]


def test_a_pinned_version_that_changed_is_not_frozen(serve):
    version = serve(3)
    releases.propose("2026T3")
    with duckdb.connect(
        str(publication.version_folder(version["version"]) / "entrepot.duckdb")
    ) as connection:
        connection.execute("update marts.indicateurs_trimestriels set valeur = 99")
    with pytest.raises(AccesSoinsError, match="n'est plus ce qui a été montré"):
        approve()
    assert releases.all_frozen() == []


def test_a_candidate_of_another_code_is_not_frozen(serve, monkeypatch):
    serve(3)
    releases.propose("2026T3")
    newer = CONTRACTS | {"territoires": CONTRACTS["territoires"] | {"population": "bigint"}}
    monkeypatch.setattr(verification, "published_contracts", lambda: newer)
    with pytest.raises(AccesSoinsError, match=r"colonnes hors contrat \(population\)\. La refuser"):
        approve()
    assert releases.all_frozen() == [] and len(releases.pending()) == 1


def test_nothing_new_is_not_proposed(serve, released):
    with pytest.raises(AccesSoinsError, match="rien n'a changé depuis 2026T3-r0"):
        releases.propose("2026T3", "pour voir")
    serve(3, editions={"essai.source/2024": "0" * 64})
    with pytest.raises(AccesSoinsError, match="rien n'a changé depuis 2026T3-r0"):
        releases.propose("2026T3", "pour voir")


def test_a_correction_says_why_and_what_it_changed_and_leaves_the_first_as_it_was(serve, released):
    before = content(folder())
    serve(5)
    with pytest.raises(ConfigurationError, match="2026T3-r1 corrige 2026T3-r0 : dire pourquoi"):
        releases.propose("2026T3")
    releases.propose("2026T3", "Fichier corrigé par son producteur")
    release = approve("2026T3-r1")
    assert (release["corrige"], release["raisons"]) == ("2026T3-r0", "Fichier corrigé par son producteur")
    report = (folder("2026T3-r1") / "comparaison.md").read_text(encoding="utf-8")
    assert report.startswith("# 2026T3-r1 comparée à 2026T3-r0")
    assert "Raisons de la révision : Fichier corrigé par son producteur" in report
    assert "| 3 (observé) | 5 (observé) |" in report
    assert content(folder()) == before
    assert releases.verify("2026T3-r0") and releases.verify("2026T3-r1")


def test_one_candidate_of_a_quarter_waits_at_a_time(serve):
    serve(3)
    releases.propose("2026T3")
    serve(4)
    with pytest.raises(AccesSoinsError, match="2026T3-r0 attend déjà une réponse"):
        releases.propose("2026T3")


def test_a_version_without_any_figure_is_not_proposed(tmp_path):
    """Every portal was down on the first night: the files of a release would have nothing to say."""
    publish(tmp_path, "c1", corsica(None, None, status="non_disponible", reason="edition_non_recue"))
    with pytest.raises(AccesSoinsError, match=r"attendu des chiffres ; trouvé aucun\. Corriger"):
        releases.propose("2026T3")
    assert releases.pending() == []


def test_a_version_of_another_quarter_is_not_proposed(serve):
    with pytest.raises(ConfigurationError, match="rien n'est encore publié"):
        releases.propose("2026T3")
    serve(3, closing="2026-12-31")
    with pytest.raises(ConfigurationError, match="arrête ses séries à 2026T4"):
        releases.propose("2026T3")


def test_a_version_that_left_the_contracts_is_not_proposed(serve, monkeypatch):
    serve(3)
    monkeypatch.setattr(
        verification, "published_contracts", lambda: CONTRACTS | {"nouvelle": {"code": "varchar"}}
    )
    with pytest.raises(AccesSoinsError, match="la table nouvelle manque"):
        releases.propose("2026T3")


@pytest.mark.parametrize(
    ("module", "broken"),
    [
        (frozen, "_write_files"),
        (frozen, "write_report"),
        (checksums, "write"),
        (frozen, "_close_to_writing"),
        (durable, "put_in_place"),
    ],
)
def test_a_freeze_cut_short_leaves_nothing_to_see_and_the_next_one_works(serve, monkeypatch, module, broken):
    serve(3)
    releases.propose("2026T3")

    def cut(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, broken, cut)
        with pytest.raises(KeyboardInterrupt):
            approve()
    assert releases.all_frozen() == [] and ledger.read(ledger.RELEASES) == []
    assert approve()["publication"] == "2026T3-r0"
    assert [path.name for path in get_settings().releases.iterdir()] == ["2026T3-r0"]
    assert releases.verify("2026T3-r0")


def test_a_freeze_killed_before_the_register_is_entered_by_the_next_night(serve, monkeypatch):
    serve(3)
    releases.propose("2026T3")

    def cut(kind, record):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "append", cut)
        with pytest.raises(KeyboardInterrupt):
            approve()
    releases.record_missing()
    releases.record_missing()
    assert [event["publication"] for event in ledger.read(ledger.RELEASES)] == ["2026T3-r0"]
    assert releases.pending() == [] and releases.verify("2026T3-r0")


def test_the_calendar_says_what_is_due(serve, use_settings):
    use_settings(date="2026-11-19")
    assert agenda.due(DUE - dt.timedelta(days=1)) is None
    assert agenda.due(DUE) == "2026T3"
    serve(3)
    first = steps.propose_release("2026T3")
    # Whoever stopped the run that asked did not answer: the next one asks again, about the same candidate.
    assert agenda.due(DUE) == "2026T3"
    assert steps.propose_release("2026T3") == first
    assert "2026T3-r0" in first["objet"] and "données d'essai" in first["objet"]
    releases.refuse("2026T3-r0", "Camille Essai", "à revoir")
    # The same version would show the same figures: it is not proposed by itself again.
    assert agenda.due(DUE) is None
    serve(4)
    assert agenda.due(DUE) == "2026T3"
    releases.propose("2026T3")
    approve()
    assert agenda.due(DUE) is None
    serve(5)
    releases.propose("2026T3", "corriger")
    assert agenda.due(DUE) == "2026T3"
    approve("2026T3-r1")
    use_settings(date="2027-02-18")
    assert agenda.due(dt.date(2027, 2, 18)) == "2026T4"


@pytest.mark.parametrize(
    "name", ["entrepot.duckdb", "release.json", "fichiers/territoires.csv", "SHA256SUMS"]
)
def test_a_changed_byte_is_found_and_its_file_named(released, name):
    path = folder() / name
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(AccesSoinsError, match=f"2026T3-r0 n'est plus ce qui a été figé.*{name}"):
        releases.verify("2026T3-r0")


def test_a_file_removed_and_a_file_slipped_in_are_named(released):
    for path in (folder(), folder() / "fichiers"):
        path.chmod(0o755)
    (folder() / "fichiers" / "territoires.csv").unlink()
    (folder() / "ajout.csv").write_text("x")
    with pytest.raises(AccesSoinsError, match=r"fichiers/territoires\.csv manque\. ajout\.csv a été ajouté"):
        releases.verify("2026T3-r0")


def test_a_forger_who_sums_again_meets_the_register(released):
    path = folder() / "comparaison.md"
    for closed in (folder(), path, folder() / "SHA256SUMS"):
        closed.chmod(0o755)
    path.write_text("Tout va bien.", encoding="utf-8")
    checksums.write(folder())
    with pytest.raises(AccesSoinsError, match="SHA256SUMS n'est plus celui que le registre a inscrit"):
        releases.verify("2026T3-r0")


UNEQUAL = r"nb_msp 2026T3, region 94 : attendu la somme des départements \(7\) ; trouvé 8\."


def unequal() -> list[Point]:
    return [Point("region", "94", 8) if point.level == "region" else point for point in corsica(3, 4)]


def test_what_would_fail_the_verification_is_not_proposed(tmp_path):
    publish(tmp_path, "c1", unequal())
    with pytest.raises(AccesSoinsError, match=f"ne peut pas être proposée : .*{UNEQUAL}"):
        releases.propose("2026T3")
    assert releases.pending() == []


def test_totals_that_are_not_the_sum_of_their_departements_are_named(tmp_path, monkeypatch):
    publish(tmp_path, "c1", unequal())
    with monkeypatch.context() as patch:
        patch.setattr(verification, "judge", lambda database, contracts: ([], []))
        releases.propose("2026T3")
        approve()
    with pytest.raises(AccesSoinsError, match=UNEQUAL):
        releases.verify("2026T3-r0")


@pytest.mark.parametrize(("france", "refused"), [(6, True), (7, False), (9, False)])
def test_a_country_is_never_less_than_its_regions_even_when_a_departement_is_masked(
    tmp_path, france, refused
):
    points = [
        Point("departement", "2A", None, status="masque", reason="NS"),
        Point("departement", "2B", 4),
        Point("region", "94", 7),
        Point("france", "FR", france),
    ]
    version = publish(tmp_path, "c1", points)
    _, faults = verification.judge(publication.version_folder(version["version"]) / DATABASE, CONTRACTS)
    assert bool(faults) == refused
    if refused:
        assert "france FR : attendu la somme des régions (7) ; trouvé 6." in faults[0]


def test_a_sum_that_lacks_a_masked_part_is_not_judged(tmp_path):
    masked = {"status": "masque", "reason": "NS"}
    points = corsica(3, 4)
    points[0] = points[0].__class__("departement", "2A", None, **masked)
    publish(tmp_path, "c1", points)
    releases.propose("2026T3")
    approve()
    assert "1 totaux" in releases.verify("2026T3-r0")[-1]


def test_a_release_that_does_not_exist_is_refused_with_those_that_do(released):
    with pytest.raises(ConfigurationError, match="Connues : 2026T3-r0"):
        releases.verify("2026T3-r7")
    with pytest.raises(ConfigurationError, match=r"Connues : 2026T3-r0, 2026.*, courante"):
        releases.find("2025T1-r0")


def test_a_release_comes_back_from_a_backup_and_its_name_is_not_given_again(released, tmp_path, use_settings):
    before = content(folder())
    backup.backup(tmp_path / "s.tar.gz")
    use_settings(donnees=tmp_path / "ailleurs")
    backup.restore(tmp_path / "s.tar.gz")
    assert content(folder()) == before and releases.verify("2026T3-r0")
    frozen._remove(folder())
    with pytest.raises(AccesSoinsError, match="2026T3-r0 : au registre, mais sans dossier"):
        releases.propose("2026T3")


def kept() -> list[str]:
    return sorted(path.name for path in (get_settings().publication / "versions").iterdir())


def test_old_versions_leave_but_those_that_something_holds(serve, use_settings):
    use_settings(versions_gardees=1)
    old, frozen_one = serve(1), serve(2)
    releases.propose("2026T3")
    approve()
    waiting = serve(3)
    releases.propose("2026T3", "corriger")
    between, parent, served = serve(4), serve(5), serve(6)
    reader = duckdb.connect(
        str(publication.version_folder(old["version"]) / "entrepot.duckdb"), read_only=True
    )
    retention.prune()
    assert kept() == sorted(version["version"] for version in (frozen_one, waiting, parent, served))
    assert between["version"] not in kept()
    # Whoever had the old file open goes on reading it.
    assert reader.execute("select count(*) from marts.indicateurs_trimestriels").fetchone() == (4,)
    reader.close()
    releases.refuse("2026T3-r1", "Camille Essai", "non")
    retention.prune()
    assert waiting["version"] not in kept()


def test_a_version_served_again_by_hand_stays_and_what_a_killed_pruning_left_goes(serve, use_settings):
    use_settings(versions_gardees=1)
    first, second, third = serve(1), serve(2), serve(3)
    get_settings().current.unlink()
    get_settings().current.symlink_to(f"versions/{first['version']}")
    retention.prune()
    assert kept() == sorted([first["version"], third["version"]])
    shutil.copytree(
        publication.version_folder(third["version"]), publication.version_folder(f".{second['version']}")
    )
    serve(4)
    assert not publication.version_folder(f".{second['version']}").exists()
