"""``python -m acces_soins.services.guardian <pid>``: ends what a supervisor leaves when it is killed.

A process that gets SIGKILL cleans up nothing: its services would keep the ports and go on writing.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

from acces_soins.services.processes import child, end_sessions

LOOK_SECONDS = 0.3


@contextlib.contextmanager
def guarded() -> Iterator[subprocess.Popen]:
    """While this lasts, nothing that this process started outlives it, even if it is killed.

    Gives the guardian, which writes one line once it is on watch; nobody needs to wait for it.
    """
    command = [sys.executable, "-m", "acces_soins.services.guardian", str(os.getpid())]
    with child(command, None, stdout=subprocess.PIPE) as guardian:
        yield guardian


def watch(parent: int) -> None:
    """Note the descendants of ``parent`` until it is gone, then end their sessions and what remains."""
    known: list[psutil.Process] = []
    while os.getppid() == parent:
        # What is gone from the tree may only have lost its own parent: it stays known.
        with contextlib.suppress(psutil.NoSuchProcess):
            found = psutil.Process(parent).children(recursive=True)
            known = [p for p in {*known, *found} if p.pid != os.getpid() and p.is_running()]
        time.sleep(LOOK_SECONDS)
    end_sessions(_leaders(known))
    for process in known:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _leaders(known: list[psutil.Process]) -> list[int]:
    """Sessions that these processes lead; that of the terminal is not among them."""
    leaders = []
    for process in known:
        with contextlib.suppress(ProcessLookupError):
            if process.is_running() and os.getsid(process.pid) == process.pid:
                leaders.append(process.pid)
    return leaders


if __name__ == "__main__":
    print("on watch", flush=True)
    watch(int(sys.argv[1]))
