"""What the hash of the code covers: whatever changes a published file."""

import subprocess

import pytest

from acces_soins import versioning
from acces_soins.settings import PROJECT


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(versioning, "PROJECT", tmp_path)
    for name in versioning.CODE_FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a")
    return tmp_path


def write(project, name: str) -> str:
    """Add a file; returns the hash after it."""
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("b")
    return versioning.code_hash.__wrapped__()


@pytest.mark.parametrize(
    "name",
    [
        "scripts/acces_soins/formats/templates/index.html.j2",
        "scripts/acces_soins/formats/templates/carte.js",
        "scripts/acces_soins/formats/departements.json",
        "scripts/acces_soins/factsheets/fiche.typ",
        "scripts/acces_soins/releases.py",
        "dbt_project/seeds/ref_pilote.csv",
        "dbt_project/models/marts/objectifs.sql",
        "expectations/publication/comparaisons.yml",
        "docs/politique_de_revision.md",
    ],
)
def test_another_file_is_another_code(project, name):
    assert (PROJECT / name).is_file()
    before = versioning.code_hash.__wrapped__()
    assert write(project, name) != before


def test_what_python_or_an_editor_leaves_is_no_code(project):
    before = versioning.code_hash.__wrapped__()
    assert write(project, "scripts/acces_soins/__pycache__/x.pyc") == before
    assert write(project, "scripts/acces_soins/.x.py.swp") == before


def test_every_file_of_the_package_that_git_keeps_counts():
    listed = subprocess.run(
        ["git", "-C", str(PROJECT), "ls-files", versioning.PACKAGE, *versioning.CODE_FOLDERS],
        capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("le projet n'est pas un dépôt git ici")
    counted = {path.relative_to(PROJECT).as_posix() for path in versioning._code_files()}
    assert set(listed.stdout.split()) <= counted
