"""The templates of this package, and the filters that write figures and dates in French."""

from functools import lru_cache
from pathlib import Path

import jinja2

from acces_soins import french
from acces_soins.formats import about

TEMPLATES = Path(__file__).with_name("templates")


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=lambda name: ".html" in (name or ""),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "jour": french.date,
        "nombre": french.number,
        "trimestre": french.quarter,
        "octets": french.size,
    }
    environment.globals |= {
        "TRIAL": about.TRIAL,
        "PUBLISHER": about.PUBLISHER,
        "TITLE": about.TITLE,
        "DESCRIPTION": about.DESCRIPTION,
        "LICENCE": about.LICENCE,
        "STATUSES": about.STATUSES,
        "REASONS": about.REASONS,
        "CAVEATS": about.CAVEATS,
    }
    return environment


def render(template: str, target: Path, **values) -> Path:
    """Write ``target`` from a template of this package."""
    target.write_text(_environment().get_template(template).render(**values), encoding="utf-8")
    return target
