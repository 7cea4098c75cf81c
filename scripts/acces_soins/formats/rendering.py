"""The templates of this package, and the filters that write figures and dates in French."""

import datetime as dt
import re
from functools import lru_cache
from pathlib import Path

import jinja2

from acces_soins import french
from acces_soins.formats import about

# What stands between two tags, and the spaces in it that must not break.
_WORDS = re.compile(r">[^<]+<")
_SPACED = re.compile(r" (?=[:;?!»])|(?<=«) ")
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
        "accorde": french.agreed,
        "trimestre": french.quarter,
        "octets": french.size,
        "instant": dt.datetime.fromisoformat,
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
    text = _environment().get_template(template).render(**values)
    target.write_text(_tied(text) if target.suffix == ".html" else text, encoding="utf-8")
    return target


def _tied(page: str) -> str:
    """No line begins with a sign that French sets off by a space; style and scripts stay as they are."""
    head, style, body = page.partition("</style>")
    words, script, rest = body.partition("<script")
    tied = _WORDS.sub(lambda found: _SPACED.sub("\u00a0", found[0]), words)
    return "".join((head, style, tied, script, rest))
