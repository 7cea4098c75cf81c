"""One night by the functions that the DAG's tasks call, without Airflow nor Superset."""

import fcntl
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acces_soins import steps
from acces_soins.catalog import fetched_sources
from acces_soins.errors import AccesSoinsError


@dataclass
class Night:
    """What a test reads of a night: the failures by source, the outcome of the closing."""

    errors: dict[str, AccesSoinsError]
    outcome: dict

    @property
    def state(self) -> str:
        return self.outcome["etat"]


def run_night(sources=None) -> Night:
    """One night without Airflow nor Superset: the steps, in the order of the DAG."""
    night = steps.open_night()
    errors = {}
    steps.take_deposits(night)
    for source_id in sources or fetched_sources():
        try:
            steps.extract(source_id, night)
        except AccesSoinsError as error:
            errors[source_id] = error
    try:
        if steps.build(night)["etat"] == "construit":
            steps.check(night)
            steps.publish(night)
    except AccesSoinsError as error:
        errors["nuit"] = error
    return Night(errors, steps.close_night(night))


@contextmanager
def built_once(folder: Path):
    """Only one worker makes what others copy."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".verrou").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield not (folder / "fait").exists()
