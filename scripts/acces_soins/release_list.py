"""The page that lists the quarterly releases: which one to cite, what corrects what, what comes next.

A frozen page cannot say that it was corrected since; this one stands above all of them
(``publication/index.html``) and is written again after each freeze and each night.
"""

from pathlib import Path

from acces_soins import agenda, durable, publication, releases
from acces_soins.formats import page, rendering
from acces_soins.settings import get_settings


def write() -> Path:
    """Write the page from the folders, the register and the calendar; readers see the old one or the new."""
    settings = get_settings()
    settings.publication.mkdir(parents=True, exist_ok=True)
    draft = settings.publication / f".{publication.LISTING}"
    rendering.render(
        "publications.html.j2",
        draft,
        trial=settings.is_trial,
        releases=_frozen(),
        coming=agenda.unreleased(),
        today=settings.today,
        states=agenda.STATES,
    )
    durable.flush(draft)
    durable.put_in_place(draft, settings.publication / publication.LISTING)
    return settings.publication / publication.LISTING


def _frozen() -> list[dict]:
    """The releases, last one first: the ``release.json`` of each, its page, and what corrects it."""
    known = releases.all_frozen()
    corrected = {release["corrige"]: release["publication"] for release in known if release["corrige"]}
    return [
        release
        | {
            "page": f"{get_settings().releases.name}/{name}/{publication.FILES}/{page.FILE}",
            "corrigee_par": corrected.get(name),
        }
        for release in reversed(known)
        for name in [release["publication"]]
    ]
