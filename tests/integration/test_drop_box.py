"""The partners' drop box: each file taken once, answered, and never lost."""

import datetime as dt
import hashlib
import json
import os
import time
from unittest.mock import Mock

import pytest

from acces_soins import drop_box, landing, ledger, reception, report, steps
from acces_soins.settings import get_settings
from acces_soins.trial.layouts import extract

REGIONS = "insee.cog_regions"
HEADER = "REG,CHEFLIEU,TNCC,NCC,NCCENR,LIBELLE\n"
CODES = ["01", "02", "03", "04", "06", "11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93"]
ROWS = "".join(f"{code},{code}001,0,R{code},R{code},R{code}\n" for code in [*CODES, "94"])
GOOD = HEADER + ROWS


@pytest.fixture
def leave():
    """Leave a file in the box as a partner does, its arrival over since an hour."""

    def put(where: str, content: str, checksum: str | None = None, age_s: int = 3600):
        path = get_settings().drop_box / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        if checksum is not None:
            path.with_name(path.name + ".sha256").write_text(f"{checksum}  {path.name}\n", encoding="utf-8")
        then = time.time() - age_s
        os.utime(path, (then, then))
        return path

    return put


def answer_to(path) -> dict:
    return json.loads(path.with_name(path.name + ".accuse.json").read_text(encoding="utf-8"))


def test_a_file_is_landed_answered_and_leaves_the_box(leave, source):
    path = leave(f"{REGIONS}/2026/v_region_2026.csv", GOOD)
    (event,) = steps.take_deposits()
    manifest = landing.latest(source(REGIONS))
    assert (manifest.edition, manifest.rows, manifest.url) == ("2026", 18, "depot:v_region_2026.csv")
    assert (manifest.folder / manifest.fichier).read_text(encoding="utf-8") == GOOD
    given = answer_to(path)
    assert {"recu_le", "archive_le"} <= given.keys()
    assert [given[name] for name in ("source", "edition", "fichier", "sha256", "lignes")] == [
        *(REGIONS, "2026", "v_region_2026.csv", manifest.sha256, 18)
    ]
    assert (given["verdict"], given["phrase"]) == ("accepte", "édition 2026, 18 lignes")
    assert not path.exists()
    assert event["resultat"] == "nouvelle_edition"


def test_nothing_is_taken_twice(leave, source):
    leave(f"{REGIONS}/2026/a.csv", GOOD)
    steps.take_deposits()
    again = leave(f"{REGIONS}/2026/b.csv", GOOD)
    (event,) = steps.take_deposits()
    assert answer_to(again)["verdict"] == "deja_recu"
    assert event["resultat"] == "inchange"
    assert len(landing.manifests(source(REGIONS))) == 1
    assert steps.take_deposits() == []


def test_a_file_that_breaks_its_contract_stays_with_its_reason(leave, source):
    path = leave(f"{REGIONS}/2026/a.csv", GOOD.replace("LIBELLE", "NOM"))
    (event,) = steps.take_deposits()
    given = answer_to(path)
    assert given["verdict"] == "refuse"
    assert "la colonne « LIBELLE »" in given["attendu"]
    assert given["que_faire"]
    assert path.exists()
    assert landing.manifests(source(REGIONS)) == []
    assert list((get_settings().quarantine / "insee" / "cog_regions").glob("*/a.csv"))
    assert event["resultat"] == "refus"
    # The same bytes are not judged again every hour; a mended file is.
    assert steps.take_deposits() == []
    leave(f"{REGIONS}/2026/a.csv", GOOD)
    steps.take_deposits()
    assert answer_to(path)["verdict"] == "accepte"


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("insee.rien/2026/a.csv", "attendu depots/<source du catalogue>/<édition>/<fichier>"),
        (f"{REGIONS}/a.csv", "attendu depots/<source du catalogue>/<édition>/<fichier>"),
        (f"{REGIONS}/2026/sous-dossier/a.csv", "attendu depots/<source du catalogue>/<édition>/<fichier>"),
        (f"{REGIONS}/dernière version/a.csv", "attendu une édition qui porte une date"),
        (f"{REGIONS}/2026-13-45/a.csv", "attendu une édition qui porte une date"),
        (f"{REGIONS}/2099/a.csv", "attendu un jour passé"),
        ("a.csv", "attendu depots/<source du catalogue>/<édition>/<fichier>"),
    ],
)
def test_a_misplaced_file_is_answered_too(leave, where, sentence):
    path = leave(where, GOOD)
    (event,) = steps.take_deposits()
    told = answer_to(path)
    assert sentence in told["phrase"] and ".." not in told["phrase"]
    assert told["place"] and told["que_faire"]
    assert path.exists()
    assert event["resultat"] == "refus"


def test_a_checksum_is_believed(leave):
    good = leave(f"{REGIONS}/2026/a.csv", GOOD)
    leave(f"{REGIONS}/2026/a.csv", GOOD, checksum=landing.sha256_of(good).upper())
    bad = leave(f"{REGIONS}/2026/b.csv", GOOD + "99,99001,0,X,X,X\n", checksum="0" * 64)
    steps.take_deposits()
    assert answer_to(good)["verdict"] == "accepte"
    assert not good.with_name("a.csv.sha256").exists()
    assert "attendu l'empreinte 000000000000… que donne b.csv.sha256" in answer_to(bad)["phrase"]
    assert bad.exists()


@pytest.mark.parametrize(
    "written",
    [
        "{sum}",
        "{sum} *a.csv\n",
        "SHA256 (a.csv) = {sum}\n",
        "Algorithm : SHA256\r\nHash      : {SUM}\r\nPath      : a.csv\r\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_checksum_is_read_as_each_tool_writes_it(leave, written, encoding):
    path = leave(f"{REGIONS}/2026/a.csv", GOOD)
    sha256 = landing.sha256_of(path)
    text = written.format(sum=sha256, SUM=sha256.upper())
    path.with_name("a.csv.sha256").write_bytes(text.encode(encoding))
    steps.take_deposits()
    assert answer_to(path)["verdict"] == "accepte"
    assert not path.with_name("a.csv.sha256").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfea\x00", "à venir".encode("cp1252"), b"a" * 63, b"a" * 65])
def test_a_checksum_that_is_none_is_told_and_stops_no_other_file(leave, content):
    path, other = leave(f"{REGIONS}/2026/a.csv", GOOD), leave(f"{REGIONS}/2026/b.csv", GOOD)
    path.with_name("a.csv.sha256").write_bytes(content)
    steps.take_deposits()
    assert "a.csv.sha256 : attendu une empreinte SHA-256" in answer_to(path)["phrase"]
    assert answer_to(other)["verdict"] == "accepte"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"PK\x03\x04...", "un classeur Excel, ou une archive ZIP"),
        (b"\xd0\xcf\x11\xe0...", "un classeur Excel d'ancien format"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "une page HTML"),
        (b"%PDF-1.7", "un document PDF"),
        (GOOD.encode("utf-16"), "un texte en UTF-16"),
    ],
)
def test_what_is_no_csv_is_called_by_its_name(leave, content, found):
    path = leave(f"{REGIONS}/2026/a.csv", "")
    path.write_bytes(content)
    os.utime(path, (0, 0))
    steps.take_deposits()
    told = answer_to(path)
    assert (told["attendu"], told["trouve"]) == ("un texte délimité (CSV)", found)
    assert "CSV UTF-8" in told["que_faire"]


def test_a_file_that_may_not_be_read_stops_no_other(leave, monkeypatch):
    closed, other = leave(f"{REGIONS}/2026/a.csv", GOOD), leave(f"{REGIONS}/2026/b.csv", GOOD)
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed and may(path, mode))
    steps.take_deposits()
    assert "trouvé un droit refusé" in answer_to(closed)["phrase"]
    assert answer_to(other)["verdict"] == "accepte"
    assert steps.take_deposits() == []
    monkeypatch.undo()
    steps.take_deposits()
    assert answer_to(closed)["verdict"] == "deja_recu"


def test_an_answer_that_cannot_be_written_stops_no_other_file(leave):
    long = leave(f"{REGIONS}/2026/{'a' * 245}.csv", "autre")
    other = leave(f"{REGIONS}/2026/b.csv", GOOD)
    events = steps.take_deposits()
    assert [event["resultat"] for event in events] == ["echec", "nouvelle_edition"]
    assert long.exists() and answer_to(other)["verdict"] == "accepte"
    assert report.refusals(events) == [f"{REGIONS} : {events[0]['phrase']}"]
    assert "sera repris au passage suivant" in events[0]["phrase"]


def test_a_fault_that_nobody_foresaw_stops_no_other_file(leave, monkeypatch):
    leave(f"{REGIONS}/2026/a.csv", GOOD)
    other, judge = leave(f"{REGIONS}/2026/b.csv", GOOD), reception.receive

    def fail_once(*args):
        monkeypatch.setattr(reception, "receive", judge)
        raise ZeroDivisionError("imprévu")

    monkeypatch.setattr(reception, "receive", fail_once)
    events = steps.take_deposits()
    assert [event["resultat"] for event in events] == ["echec", "nouvelle_edition"]
    assert events[0]["phrase"].startswith("dépôt a.csv : imprévu. ")
    assert answer_to(other)["verdict"] == "accepte"


def test_a_file_taken_back_before_its_turn_is_passed_over(leave, monkeypatch):
    path = leave(f"{REGIONS}/2026/a.csv", GOOD)
    listed = drop_box.waiting()
    path.unlink()
    monkeypatch.setattr(drop_box, "waiting", lambda: listed)
    assert steps.take_deposits() == []


CPTS = "cnam.couverture_cpts"


@pytest.mark.parametrize(
    ("edition", "verdict"),
    [
        ("2026-06-30", "accepte"),
        ("2026-06", "accepte"),
        ("R84-2026-06-30", "accepte"),
        ("2026-06-30-corrige-2026-08-02", "accepte"),
        ("2026-09-30", "refuse"),
        ("2025", "refuse"),
    ],
)
def test_a_deposit_is_named_after_the_date_of_its_rows(leave, source, edition, verdict):
    shown = extract(source(CPTS), dt.date(2026, 11, 22))
    path = leave(f"{CPTS}/{edition}/couverture.csv", shown.bytes.decode("utf-8"))
    steps.take_deposits()
    told = answer_to(path)
    assert told["verdict"] == verdict
    if verdict == "refuse":
        assert "colonne date_situation" in told["phrase"] and "au plus tard le 2026-06-30" in told["trouve"]


def test_the_rows_of_last_quarter_left_again_for_this_one_confirm_nothing(leave, source):
    shown = extract(source(CPTS), dt.date(2026, 11, 22)).bytes.decode("utf-8")
    leave(f"{CPTS}/2026-06-30/couverture.csv", shown)
    steps.take_deposits()
    again = leave(f"{CPTS}/2026-09-30/couverture.csv", shown)
    (event,) = steps.take_deposits()
    assert answer_to(again)["verdict"] == "deja_recu" and "confirme" not in event


def test_a_link_is_not_followed(leave, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text(GOOD, encoding="utf-8")
    path = leave(f"{REGIONS}/2026/a.csv", GOOD)
    path.unlink()
    path.symlink_to(secret)
    os.utime(path, (0, 0), follow_symlinks=False)
    steps.take_deposits()
    assert "trouvé un lien" in answer_to(path)["phrase"]
    assert steps.take_deposits() == []


def test_a_file_that_still_arrives_waits(leave):
    leave(f"{REGIONS}/2026/a.csv", GOOD, age_s=0)
    leave(f"{REGIONS}/2026/b.csv.part", GOOD)
    assert steps.take_deposits() == []


def test_a_file_dated_in_the_future_is_taken(leave):
    path = leave(f"{REGIONS}/2026/a.csv", GOOD, age_s=-86_400)
    steps.take_deposits()
    assert answer_to(path)["verdict"] == "accepte"


@pytest.fixture
def replaced_while_judged(monkeypatch):
    """Have the giver replace the file, and its checksum if any, once we have our copy of it."""
    judge = reception.receive

    def during(replace):
        def receive(*args):
            monkeypatch.setattr(reception, "receive", judge)
            replace()
            return judge(*args)

        monkeypatch.setattr(reception, "receive", receive)

    return during


def test_a_file_replaced_while_it_was_judged_stays_to_be_judged(leave, source, replaced_while_judged):
    path, longer = f"{REGIONS}/2026/a.csv", GOOD + "99,99001,0,X,X,X\n"
    checksums = {content: hashlib.sha256(content.encode()).hexdigest() for content in (GOOD, longer)}
    left = leave(path, GOOD, checksums[GOOD])
    replaced_while_judged(lambda: leave(path, longer, checksums[longer]))
    steps.take_deposits()
    assert landing.latest(source(REGIONS)).sha256 == checksums[GOOD]
    assert (answer_to(left)["verdict"], answer_to(left)["sha256"]) == ("accepte", checksums[GOOD])
    assert left.read_text(encoding="utf-8") == longer
    assert left.with_name("a.csv.sha256").exists()
    steps.take_deposits()
    assert (answer_to(left)["verdict"], answer_to(left)["sha256"]) == ("accepte", checksums[longer])
    assert list(left.parent.iterdir()) == [left.with_name("a.csv.accuse.json")]


def test_a_refusal_names_the_bytes_that_were_judged(leave, replaced_while_judged):
    path = f"{REGIONS}/2026/a.csv"
    left = leave(path, "rien")
    replaced_while_judged(lambda: leave(path, GOOD))
    steps.take_deposits()
    assert answer_to(left)["verdict"] == "refuse"
    assert answer_to(left)["sha256"] == hashlib.sha256(b"rien").hexdigest()
    steps.take_deposits()
    assert answer_to(left)["verdict"] == "accepte"


def test_a_file_withdrawn_while_it_was_judged_is_answered_all_the_same(leave, replaced_while_judged):
    left = leave(f"{REGIONS}/2026/a.csv", GOOD)
    replaced_while_judged(left.unlink)
    steps.take_deposits()
    assert answer_to(left)["verdict"] == "accepte"


def test_a_file_is_hashed_when_it_is_judged_and_when_it_leaves(leave, monkeypatch):
    leave(f"{REGIONS}/2026/a.csv", GOOD, hashlib.sha256(GOOD.encode()).hexdigest())
    hashed = Mock(wraps=landing.sha256_of)
    monkeypatch.setattr(landing, "sha256_of", hashed)
    steps.take_deposits()
    assert [call.args[0].name for call in hashed.call_args_list].count("a.csv") == 2


def test_killed_between_the_answer_and_the_removal(leave, monkeypatch):
    path = leave(f"{REGIONS}/2026/a.csv", GOOD)
    monkeypatch.setattr(drop_box, "_remove", lambda *_: None)
    steps.take_deposits()
    assert path.exists()
    monkeypatch.undo()
    assert steps.take_deposits() == []
    assert not path.exists()


def test_killed_between_the_landing_and_the_answer(leave, monkeypatch):
    path = leave(f"{REGIONS}/2026/a.csv", GOOD)
    monkeypatch.setattr(drop_box, "answer", lambda *_, **__: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        steps.take_deposits()
    monkeypatch.undo()
    steps.take_deposits()
    assert answer_to(path)["verdict"] == "deja_recu"
    assert not path.exists()


def test_only_what_was_refused_is_alerted(leave):
    bad = leave(f"{REGIONS}/2026/a.csv", "rien")
    leave(f"{REGIONS}/2026/b.csv", GOOD)
    told = report.refusals(steps.take_deposits())
    assert told == [f"{REGIONS} : dépôt {answer_to(bad)['phrase']}"]


def test_a_refusal_reaches_the_register_of_the_night(leave):
    leave(f"{REGIONS}/2026/a.csv", "rien")
    night = steps.open_night()
    steps.take_deposits(night)
    assert any(
        event["nuit"] == night and event["phrase"].startswith("dépôt a.csv")
        for event in ledger.read(ledger.EXTRACTIONS)
    )
