"""The commands that the documents show exist: verbs of the Makefile, commands of ``acces-soins``."""

import os
import re
import shlex
import subprocess

import pytest
import typer

from acces_soins.cli import app
from acces_soins.settings import PROJECT

DOCUMENTS = ("README.md", "CONTRIBUTING.md")
FENCE = re.compile(r"^```bash\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`((?:make|acces-soins) [^`]+)`")
ACCES_SOINS = typer.main.get_command(app)


def shown_commands() -> list[str]:
    """Every line of a bash block, and every ``make …`` or ``acces-soins …`` in a sentence."""
    found = []
    for name in DOCUMENTS:
        text = (PROJECT / name).read_text(encoding="utf-8")
        for block in FENCE.findall(text):
            found += [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
        found += INLINE.findall(FENCE.sub("", text))
    return sorted(set(found))


def words_of(line: str) -> list[str]:
    """The words of a command, without the settings put before it; « <x> » stands for an argument."""
    words = shlex.split(re.sub(r"<([^>]*)>", lambda hole: hole[1].replace(" ", "_"), line), comments=True)
    return words[next(i for i, word in enumerate(words) if not re.match(r"[A-Z_]+=", word)) :]


def make_verbs() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.M))


def test_the_two_commands_of_the_front_page_are_there():
    shown = shown_commands()
    assert "make run" in shown and "make test" in shown
    assert any("acces-soins sql" in line for line in shown)


@pytest.mark.parametrize("line", shown_commands())
def test_every_command_that_is_shown_exists(line):
    program, *arguments = words_of(line)
    if program == "make":
        assert arguments[0] in make_verbs()
        dry = subprocess.run(
            ["make", "--dry-run", "--no-print-directory", *arguments],
            cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert dry.returncode == 0, dry.stderr
    elif program.endswith("acces-soins"):
        name, *rest = arguments
        assert name in ACCES_SOINS.commands
        # Parsed as click would, without being run; an alone « acces-soins deposit » is a mention.
        if rest:
            ACCES_SOINS.commands[name].make_context(name, rest)
    else:
        assert program in (
            "git",
            "cd",
            ".venv/bin/ruff",
            ".venv/bin/pytest",
            "uv",
            "docker",
            "cp",
            "python3",
        ), line


@pytest.mark.long
@pytest.mark.night
@pytest.mark.superset
def test_make_run_works_in_a_fresh_clone_twice(tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(PROJECT), str(clone)], check=True, stdin=subprocess.DEVNULL)
    env = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}

    def run() -> str:
        done = subprocess.run(
            ["make", "run"], cwd=clone, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "une nouvelle version est servie" in run()
    assert "rien n'a changé" in run()
    status = subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True)
    assert status.stdout == "", "a night leaves something in the repository"
