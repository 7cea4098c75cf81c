"""Waiting for what another process does, without a sleep of a fixed length."""

import time
from collections.abc import Callable
from typing import Any


def wait_for(condition: Callable[[], Any], what: str, seconds: float, pause: float = 0.5) -> Any:
    """What the condition answers once it is true; fails after ``seconds``, naming what never came."""
    deadline = time.monotonic() + seconds
    while not (seen := condition()):
        assert time.monotonic() < deadline, f"jamais vu : {what}"
        time.sleep(pause)
    return seen
