"""A death (SIGKILL) or a full disk at every act on the disk of a landing and of a publication, in turn."""

import errno
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise

import duckdb
import pytest

from acces_soins import landing, ledger, publication
from acces_soins.landing import Manifest
from acces_soins.settings import get_settings
from acces_soins.versioning import Inputs

pytestmark = pytest.mark.long
REGIONS = "insee.cog_regions"
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
ACTS = {"os.rename", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"}
DONE, STRUCK = 0, 4


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def disk_full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FAULTS = {"SIGKILL": die, "disque plein": disk_full}


def in_a_child(act: Callable[[], object], fault: Callable[[], None], moment: int) -> int:
    """Run ``act`` in a forked process whose ``moment``-th act on the data root meets the fault.

    Returns DONE when there were fewer acts than that, else STRUCK.
    """
    pid = os.fork()
    if pid:
        status = os.waitpid(pid, 0)[1]
        return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else STRUCK
    struck: list[bool] = []
    try:
        _strike_at(moment, fault, struck)
        act()
    except BaseException:
        os._exit(STRUCK)
    os._exit(STRUCK if struck else DONE)


def _strike_at(moment: int, fault: Callable[[], None], struck: list[bool]) -> None:
    root, seen = str(get_settings().root), 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            struck.append(True)
            fault()

    def hook(event: str, args: tuple) -> None:
        writes = event == "open" and isinstance(args[2], int) and args[2] & WRITES
        if (writes or event in ACTS) and any(str(arg).startswith(root) for arg in args[:2]):
            count()

    flush = os.fsync
    os.fsync = lambda descriptor: (count(), flush(descriptor))[1]
    sys.addaudithook(hook)


def moments(act: Callable[[], object], fault: Callable[[], None]) -> Iterator[int]:
    """Every moment of the act, each after the fault struck there; the act must have some."""
    moment = 1
    while in_a_child(act, fault, moment) != DONE:
        yield moment
        moment += 1
    assert moment > 3, "the act touched nothing"


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_landing_is_whole_or_absent_and_its_chain_holds(fault, source, tmp_path):
    regions = source(REGIONS)

    def admit(number: int) -> Manifest:
        original, table = tmp_path / f"f{number}.csv", tmp_path / f"{number}.parquet"
        original.write_text(f"édition {number}")
        table.write_bytes(b"table")
        manifest = Manifest(
            source=REGIONS, edition=str(2000 + number), fichier="f.csv",
            sha256=landing.sha256_of(original), bytes=original.stat().st_size,
            url="essai:", fetched_at=landing.now(),
        )  # fmt: skip
        return landing.admit(regions, manifest, original, table)

    number = 0
    admit(number)
    for _ in moments(lambda: admit(number + 1), fault):  # noqa: B023 (the number of the moment is meant)
        before = len(landing.manifests(regions))
        number += 1
        admit(number)
        chain = landing.manifests(regions)
        assert before in (number, number + 1) and len(chain) == number + 1
        for older, newer in pairwise(chain):
            assert newer.precedent == landing.sha256_of(older.folder / landing.MANIFEST)
            assert newer.rang == older.rang + 1
        for manifest in chain:
            assert landing.sha256_of(manifest.folder / manifest.fichier) == manifest.sha256
            assert manifest.table.read_bytes() == b"table"
            assert (manifest.folder / manifest.fichier).stat().st_mode & 0o777 == 0o600
        assert not (landing.source_folder(regions) / ".arrivee").exists()


@pytest.fixture
def publish(tmp_path):
    """Publish a small private build made of the number that is given."""

    def act(number: int) -> dict:
        private = tmp_path / f"prive{os.getpid()}.duckdb"
        private.unlink(missing_ok=True)
        with duckdb.connect(str(private)) as connection:
            connection.execute("create schema marts")
            connection.execute(f"create table marts.t as select {number} as valeur")
        inputs = Inputs(f"c{number}", "abc", "2026-09-30", "essai", {})
        version = publication.publish(private, inputs, ["t"], [], f"n{number}")
        ledger.append(ledger.PUBLICATIONS, version)
        return version

    return act


def served_value() -> int:
    """What a reader sees, and that all of its version agrees."""
    with duckdb.connect(str(get_settings().published_warehouse), read_only=True) as connection:
        value = connection.execute("select valeur from marts.t").fetchone()[0]
    assert (get_settings().current / "fichiers" / "t.csv").read_text() == f"valeur\n{value}\n"
    assert publication.current_version()["code"] == f"c{value}"
    return value


def check_no_leftovers(served: int) -> None:
    """Only the link, the lock and whole versions that were served."""
    folder = get_settings().publication
    assert {path.name for path in folder.iterdir()} == {"versions", "courante", ".verrou"}
    told = [json.loads(path.read_text()) for path in folder.glob(f"versions/*/{publication.VERSION_FILE}")]
    assert len(told) == len(list((folder / "versions").iterdir()))
    by_name = {version["version"]: version for version in told}
    chain = [publication.current_version()]
    while parent := by_name.get(chain[-1]["parent"]):
        chain.append(parent)
    assert chain[0]["code"] == f"c{served}"
    assert len(chain) == len(told), "a version that was never served is left"


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_publication_is_the_old_version_or_the_new_one(fault, publish):
    number = 0
    publish(number)
    for _ in moments(lambda: publish(number + 1), fault):  # noqa: B023 (the number of the moment is meant)
        assert served_value() in (number, number + 1)
        number += 2
        publish(number)
        assert served_value() == number
        check_no_leftovers(number)
        assert ledger.read(ledger.PUBLICATIONS)[-1]["code"] == f"c{number}"


def test_a_publication_killed_at_any_instant(publish):
    """DuckDB's own writing shows no act: instants drawn at random (always the same ones)."""
    draw, number = random.Random(20261122), 0
    publish(number)
    for _ in range(40):
        delay = draw.uniform(0.001, 0.25)

        def killed_later(delay=delay):
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process at once
            signal.setitimer(signal.ITIMER_REAL, delay)
            publish(number + 1)  # noqa: B023

        in_a_child(killed_later, die, moment=0)
        assert served_value() in (number, number + 1)
        number += 2
        publish(number)
        assert served_value() == number
        check_no_leftovers(number)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_the_register_stays_readable(fault):
    kept = 0
    ledger.append(ledger.NIGHTS, {"nuit": "0"})
    for moment in moments(lambda: ledger.append(ledger.NIGHTS, {"nuit": "x"}), fault):
        kept = len(ledger.read(ledger.NIGHTS))
        ledger.append(ledger.NIGHTS, {"nuit": str(moment)})
        assert len(ledger.read(ledger.NIGHTS)) == kept + 1
        assert ledger.read(ledger.NIGHTS)[-1]["nuit"] == str(moment)
