"""A night killed (SIGKILL), a portal stopped, two nights at once: what is served is whole."""

import dataclasses
import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys

import pytest

from acces_soins import ledger, proof, publication, steps
from acces_soins.catalog import fetched_sources, load_sources
from acces_soins.errors import PortalError
from acces_soins.extraction import policy
from acces_soins.settings import get_settings
from acces_soins.trial import archives
from acces_soins.trial.replica import serve_replica
from nights import run_night

NIGHT = """
from acces_soins import steps
from acces_soins.catalog import fetched_sources
night = steps.open_night()
steps.take_deposits(night)
for source_id in fetched_sources():
    steps.extract(source_id, night)
steps.build(night); steps.check(night); steps.publish(night)
"""
# The night is killed as soon as it prints this.
MOMENTS = {
    "extraction": "demographie_effectifs_densites : nouvelle",
    "build": "construction…",
    "publication": "publication…",
}


def kill_when(announced: str) -> None:
    """Start a night in a process group of its own and kill the group at the announced moment."""
    process = subprocess.Popen(
        [sys.executable, "-c", NIGHT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        assert any(announced in line for line in process.stdout), "the night never came to that moment"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def another_day(after_first_night, use_settings):
    """Another day brings new files: a night has something to do."""
    use_settings(date="2027-03-05")
    after_first_night.as_of = dt.date(2027, 3, 5)
    archives.fill_drop_box(get_settings().today)


def check_sound() -> None:
    """Nothing half-made is left, the chain of every source holds, the register tells the served version."""
    drafts = [path for path in get_settings().root.rglob(".*") if path.is_dir() and any(path.iterdir())]
    assert drafts == []
    assert not list(get_settings().publication.glob(".courante-*"))
    assert [fault.sentence for one in proof.prove() for fault in one.faults] == []
    served = publication.current_version()["version"]
    assert [event["version"] for event in ledger.read(ledger.PUBLICATIONS)].count(served) == 1


# The build is the longest step; the others, and each line of a night, are in the long sweep.
@pytest.mark.parametrize(
    "moment", [m if m == "build" else pytest.param(m, marks=pytest.mark.long) for m in MOMENTS]
)
def test_a_killed_night_harms_nothing(another_day, served, moment):
    before = served()
    kill_when(MOMENTS[moment])
    assert served() == before
    night = run_night()
    assert night.state == "publie" and not night.errors
    assert served()[0] != before[0]
    check_sound()


# One source of each way in (protocol × format): the others go the same way.
WAYS = {(source.protocol, source.format): source.id for source in load_sources().values()}
# The opening, each way in, then the beginning and the end of each step.
LINES = ["nuit ", *(f"{source_id} :" for source_id in WAYS.values())] + [
    f"{step}{end}" for step in ("construction", "contrôles", "publication") for end in ("…", " :")
]


@pytest.mark.long
@pytest.mark.parametrize("line", LINES)
def test_a_night_killed_at_any_line_of_its_progress_harms_nothing(another_day, served, line):
    before = served()
    kill_when(f"▸ {line}")
    swapped = served()[0] != before[0]
    assert swapped == (line == "publication :")
    night = run_night()
    assert night.state == ("inchange" if swapped else "publie") and not night.errors
    assert publication.current_version()["date_arrete"] == "2026-12-31"
    check_sound()


def test_a_portal_stopped_in_the_middle_of_the_night_harms_nothing(
    after_first_night, use_settings, served, monkeypatch
):
    monkeypatch.setattr(policy, "POLICY", dataclasses.replace(policy.POLICY, sleep=lambda seconds: None))
    before, sources = served(), fetched_sources()
    night = steps.open_night()
    with serve_replica(portal=after_first_night) as url:
        use_settings(replique=url, date=get_settings().date)
        for source_id in sources[:-2]:
            assert steps.extract(source_id, night)["resultat"] == "inchange"
    for source_id in sources[-2:]:
        with pytest.raises(PortalError, match=re.escape(url)):
            steps.extract(source_id, night)
    assert steps.build(night)["etat"] == "inchange"
    outcome = steps.close_night(night)
    assert outcome["etat"] == "inchange" and len(outcome["alertes"]) >= 2
    assert served() == before
    with serve_replica(portal=after_first_night) as url:
        use_settings(replique=url)
        again = run_night()
    assert again.state == "inchange" and not again.errors
    assert served() == before


def start_a_night() -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", NIGHT], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.long
def test_two_nights_at_once_land_each_file_once_and_serve_a_whole_version(another_day, served, ask):
    before = served()
    nights = [start_a_night(), start_a_night()]
    errors = [process.communicate()[1] for process in nights]
    assert 0 in [process.returncode for process in nights], errors
    for process, error in zip(nights, errors, strict=True):
        assert process.returncode == 0 or "une autre publication est en cours" in error, error
    assert served()[0] != before[0]
    assert ask("select max(trimestre) from marts.indicateurs_trimestriels") == [("2026T4",)]
    assert run_night().state == "inchange"
    check_sound()


@pytest.mark.long
def test_the_command_line_answers_during_a_night(another_day, served):
    """Readers are never in the way of the night, nor the night in theirs."""
    quarter = "select max(trimestre) as t from marts.indicateurs_trimestriels"
    night, answers = start_a_night(), set()
    while night.poll() is None:
        for command in (["sql", quarter, "--format", "json"], ["status"]):
            done = subprocess.run(
                [sys.executable, "-m", "acces_soins.cli", *command],
                stdin=subprocess.DEVNULL, capture_output=True, text=True,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            if command[0] == "sql":
                answers.add(json.loads(done.stdout)[0]["t"])
    assert night.returncode == 0, night.stderr.read()
    assert "2026T3" in answers and answers <= {"2026T3", "2026T4"}
    assert publication.current_version()["date_arrete"] == "2026-12-31"
    check_sound()
