"""People who look at charts without a pause while versions are swapped: what they saw, when they asked."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil


@dataclass
class Sight:
    """One answer: the question's key, the moment it was asked (monotonic seconds), and the rows."""

    question: str
    asked: float
    rows: list


@dataclass
class Watch:
    """What all the clients saw; ``errors`` is what they met instead of rows."""

    sights: list[Sight] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def rounds(self, questions: int) -> float:
        return len(self.sights) / questions


@contextlib.contextmanager
def looking(questions: dict[str, Callable[[int], list]], clients: int) -> Iterator[Watch]:
    """Until the end of the block, each client asks every question in turn, from a place of its own.

    Args:
        questions: key -> what asks it for a client (its number), and gives the rows.
    """
    watch, stop = Watch(), threading.Event()
    keys = list(questions)

    def loop(number: int) -> None:
        position = number * len(keys) // clients
        while not stop.is_set():
            key = keys[position % len(keys)]
            asked = time.monotonic()
            try:
                watch.sights.append(Sight(key, asked, questions[key](number)))
            except Exception as error:  # whatever a client meets is a fault, and told
                watch.errors.append(f"{key} : {error!r}")
            position += 1

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(loop, number) for number in range(clients)]
        try:
            yield watch
        finally:
            stop.set()
    for done in running:
        done.result()


def processor_seconds() -> float:
    """Processor time so far of the processes that this one started."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:2])
    return total
