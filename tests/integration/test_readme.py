"""The questions that the README asks of a publication have an answer on the trial data."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from acces_soins.cli import app
from acces_soins.settings import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"^\.venv/bin/acces-soins (.+)$", README, re.M)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_of_the_readme_has_an_answer(after_first_night, question):
    answer = CliRunner().invoke(app, shlex.split(question))
    assert answer.exit_code == 0, answer.output or answer.exception
    assert answer.output.strip() and "(0 ligne" not in answer.output
