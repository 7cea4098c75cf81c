"""Files that people bring: one at a time, or a folder of real extracts with its INDEX.csv."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from acces_soins import landing, reception
from acces_soins.catalog import Source, get_source
from acces_soins.errors import ConfigurationError, RefusedInput
from acces_soins.extraction import Download
from acces_soins.reception import Arrival, Verdict

INDEX = "INDEX.csv"


@dataclass(frozen=True)
class Deposit:
    """A file for a source, and what its giver declares of it.

    Args:
        aliases: header of the file → header of the contract.
        absent: required columns that this file lacks.
        perimetre: what the file covers, when it is not everything (« region=76 »).
    """

    source: str
    file: Path
    edition: str
    perimetre: str | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()


def deposit(given: Deposit, folder: Path, run: str) -> Verdict:
    """Land one file under the same contract as the portals'; the given file is left as it is."""
    return reception.receive(get_source(given.source), arrival(given, folder), folder, run)


def arrival(given: Deposit, folder: Path) -> Arrival:
    """A private copy of the file, at the door with what its giver declares."""
    return Arrival(
        Download(reception.copy_in(given.file, folder), url=f"{landing.DEPOSIT}{given.file.name}"),
        edition=given.edition,
        perimetre=given.perimetre,
        aliases=given.aliases,
        absent=given.absent,
    )


def deposit_all(given: list[Deposit], folder: Path, run: str) -> list[Verdict]:
    """Land what can be landed; then raise the first refusal, if there was one."""
    verdicts, refusals = [], []
    for each in given:
        try:
            verdicts.append(deposit(each, folder, run))
        except RefusedInput as refusal:
            refusals.append(refusal)
    if refusals:
        raise refusals[0]
    return verdicts


def indexed(folder: Path, source: Source) -> list[Deposit]:
    """The deposits that the folder's INDEX.csv names for a source, in its order."""
    return [each for each in read_index(folder) if each.source == source.id]


def read_index(folder: Path) -> list[Deposit]:
    """Every deposit of INDEX.csv: file, source, edition, perimetre, alias, colonnes_absentes."""
    path = folder / INDEX
    if not path.is_file():
        raise ConfigurationError(
            f"{path} : introuvable. Le dossier d'extraits doit avoir un {INDEX} qui nomme ses fichiers."
        )
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    missing = {"file", "source", "edition", "perimetre", "alias", "colonnes_absentes"} - set(
        rows[0] if rows else []
    )
    if missing:
        raise ConfigurationError(f"{path} : il manque les colonnes {', '.join(sorted(missing))}.")
    return [_from_row(folder, row) for row in rows]


def parse_aliases(text: str) -> dict[str, str]:
    """« leur nom=notre nom;… » → {leur nom: notre nom}."""
    pairs = [part.split("=", 1) for part in text.split(";") if part.strip()]
    wrong = [pair[0] for pair in pairs if len(pair) != 2]
    if wrong:
        raise ConfigurationError(f"alias « {wrong[0]} » : attendu « nom du fichier=nom du contrat ».")
    return {theirs.strip(): ours.strip() for theirs, ours in pairs}


def parse_names(text: str) -> tuple[str, ...]:
    """« a;b » → ("a", "b")."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _from_row(folder: Path, row: dict[str, str]) -> Deposit:
    return Deposit(
        source=row["source"],
        file=folder / row["file"],
        edition=row["edition"],
        perimetre=row["perimetre"] or None,
        aliases=parse_aliases(row["alias"]),
        absent=parse_names(row["colonnes_absentes"]),
    )
