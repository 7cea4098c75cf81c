"""A night killed (SIGKILL) at any step: the served version stays as it was, the next night succeeds."""

import os
import signal
import subprocess
import sys

import pytest

from acces_soins.settings import get_settings
from nights import run_night

NIGHT = """
from acces_soins import steps
from acces_soins.catalog import load_sources
night = steps.open_night()
for source_id in load_sources():
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


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_night_harms_nothing(after_first_night, use_settings, served, moment):
    import datetime as dt

    # Another day brings new files: the killed night has something to do.
    use_settings(date="2027-03-05")
    after_first_night.as_of = dt.date(2027, 3, 5)
    before = served()
    kill_when(MOMENTS[moment])
    assert served() == before
    night = run_night()
    assert night.state == "publie" and not night.errors
    assert served()[0] != before[0]
    drafts = [path for path in get_settings().root.rglob(".*") if path.is_dir() and any(path.iterdir())]
    assert drafts == []
