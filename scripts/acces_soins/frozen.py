"""The folder of a frozen release: made aside, summed, closed to writing, then shown in one step."""

import json
import shutil
from pathlib import Path

from acces_soins import comparison_page, durable, factsheets, formats, publication
from acces_soins.comparison import RELEASE_FILE
from acces_soins.formats import checksums
from acces_soins.settings import PROJECT, get_settings
from acces_soins.warehouse import DATABASE

POLICY = PROJECT / "docs" / "politique_de_revision.md"
REPORT = "comparaison"
FACTSHEETS = "fiches"
# What the page of a release links to, beside the folder of its files.
DOCUMENTS = {
    DATABASE: "Toutes les tables en un fichier DuckDB, à ouvrir en lecture seule",
    f"{REPORT}.html": "Rapport de comparaison : ce qui a bougé depuis la publication précédente, et pourquoi",
    POLICY.name: "Politique de publication et de révision",
}
READ_ONLY_FILE, READ_ONLY_FOLDER = 0o444, 0o555


def make(release: dict, version: Path, told: dict, notes: list[str]) -> Path:
    """Make the folder of a release; it appears whole under its name, or not at all.

    Args:
        release: its ``release.json``.
        version: folder of the version that it freezes.
        told: its comparison, as ``comparison.compare`` gives it.
        notes: French sentences that its report says first.
    """
    releases = get_settings().releases
    releases.mkdir(parents=True, exist_ok=True)
    for leftover in releases.glob(".*"):
        _remove(leftover)
    draft = releases / f".{release['publication']}"
    draft.mkdir()
    shutil.copyfile(version / DATABASE, draft / DATABASE)
    fill(draft, release, told, notes)
    durable.write_json(draft / RELEASE_FILE, release)
    checksums.write(draft)
    _close_to_writing(draft)
    durable.put_in_place(draft, releases / release["publication"])
    return releases / release["publication"]


def fill(folder: Path, release: dict, told: dict, notes: list[str]) -> None:
    """Write beside the database of ``folder`` what is made of it: report, policy, files, factsheets.

    The same database, ``release`` and ``told`` give the same bytes.
    """
    write_report(folder, told, notes)
    shutil.copyfile(POLICY, folder / POLICY.name)
    _write_files(folder, release, told, notes)


def write_report(folder: Path, told: dict, notes: list[str]) -> None:
    """The comparison as data, as Markdown and as a page."""
    durable.write_json(folder / f"{REPORT}.json", told)
    (folder / f"{REPORT}.md").write_text(comparison_page.markdown(told, notes) + "\n", encoding="utf-8")
    (folder / f"{REPORT}.html").write_text(comparison_page.html(told, notes), encoding="utf-8")


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_files(folder: Path, release: dict, told: dict, notes: list[str]) -> None:
    """Every file that a reader takes away."""
    files, inputs = folder / publication.FILES, release["entrees"]
    files.mkdir()
    about = formats.About.of(
        inputs,
        name=release["publication"],
        kind="release",
        published_at=release["figee_le"],
        parent=release["comparee_a"],
        notes=notes,
    )
    factsheets.write(folder / DATABASE, folder / FACTSHEETS, about)
    beside = formats.Beside(
        documents={folder / name: title for name, title in DOCUMENTS.items()},
        sheets=folder / FACTSHEETS / factsheets.INDEX,
        changes=comparison_page.counts(told) if told["ancienne"] else (),
        listing=folder.parent.parent / publication.LISTING,
    )
    formats.write(folder / DATABASE, files, about, beside)


def _close_to_writing(folder: Path) -> None:
    for path in folder.rglob("*"):
        durable.flush(path)
        path.chmod(READ_ONLY_FOLDER if path.is_dir() else READ_ONLY_FILE)
    durable.flush(folder)
    folder.chmod(READ_ONLY_FOLDER)


def _remove(folder: Path) -> None:
    """Remove a draft, even one that was already closed to writing."""
    folder.chmod(0o700)
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(folder)
