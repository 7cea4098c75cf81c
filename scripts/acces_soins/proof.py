"""The proof of the archive: nothing was overwritten, removed or slipped in since it was received.

Four witnesses are confronted: the bytes, the manifests (each holds the hash of the one before it), the
arrivals told in the register before each edition entered, the extractions told after.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acces_soins import history, ledger, retention
from acces_soins.catalog import Source, load_sources
from acces_soins.errors import AccesSoinsError, Fault
from acces_soins.landing import PRUNED, SEEN, TABLE, Manifest, manifest_paths, read_manifest, sha256_of
from acces_soins.settings import get_settings

REGISTER = "registre des valeurs"
# What a source's folder holds besides its editions: the lock, the portal's last word, drafts of a killed run.
HOUSEHOLD = (".verrou", SEEN, ".arrivee", ".manifeste")
RESTORE = "Reprendre ce fichier d'une sauvegarde (acces-soins restore)."
SLIPPED_IN = "Le retirer de la zone brute s'il n'a pas été reçu par la chaîne."


@dataclass(frozen=True)
class Proof:
    """What the proof says of one source, or of the register of values.

    ``entries``: editions (publications, for the register); ``checked``: those whose bytes were read and
    found right; ``pruned``: those whose bytes the rule of retention removed.
    """

    name: str
    entries: int
    checked: int
    pruned: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Written:
    """A manifest as found in the archive: where, its hash, what it says."""

    path: Path
    sha256: str
    manifest: Manifest

    @property
    def home(self) -> Path:
        return self.path.parent

    @property
    def pruned(self) -> bool:
        return (self.home / PRUNED).exists()


def prove() -> list[Proof]:
    """Check every source that the archive or the register knows, then the register of values."""
    arrivals, extractions = _told()
    root = get_settings().landing
    found = {f"{folder.parent.name}.{folder.name}" for folder in root.glob("*/*") if folder.is_dir()}
    names = sorted(found | set(arrivals) | set(extractions))
    return [
        *(_prove_source(name, arrivals[name], extractions[name]) for name in names),
        *_prove_root(root),
        _prove_register(),
    ]


def prove_source(name: str) -> Proof:
    """Check one source."""
    arrivals, extractions = _told()
    return _prove_source(name, arrivals[name], extractions[name])


def _told() -> tuple[defaultdict[str, list[dict]], defaultdict[str, list[dict]]]:
    """By source: the arrivals of the register, then the extractions that brought an edition."""
    landed = [event for event in ledger.read(ledger.EXTRACTIONS) if event.get("sha256")]
    return _by_source(ledger.read(ledger.ARRIVALS)), _by_source(landed)


def _by_source(events: Iterable[dict]) -> defaultdict[str, list[dict]]:
    grouped = defaultdict(list)
    for event in events:
        grouped[event["source"]].append(event)
    return grouped


def _prove_source(name: str, arrivals: list[dict], extractions: list[dict]) -> Proof:
    folder = get_settings().landing.joinpath(*name.split(".", 1))
    written, unreadable = _read(folder)
    bad_bytes = list(_wrong_bytes(written))
    faults = [
        *unreadable,
        *_untold(written, arrivals),
        *_misplaced(written),
        *_broken_links(written),
        *_missing(name, written, arrivals, extractions),
        *bad_bytes,
        *_wrongly_pruned(name, written),
        *_strangers(folder, written),
    ]
    kept = [one for one in written if not one.pruned]
    # One fault for each file: the first witness names it.
    told: dict[str, Fault] = {}
    for fault in faults:
        told.setdefault(fault.file, fault)
    return Proof(
        name,
        entries=len(written),
        checked=len(kept) - len({Path(fault.file).parent for fault in bad_bytes}),
        pruned=len(written) - len(kept),
        faults=tuple(told.values()),
    )


def _read(folder: Path) -> tuple[list[Written], list[Fault]]:
    written, faults = [], []
    for path in manifest_paths(folder):
        try:
            manifest = read_manifest(path)
            int(manifest.rang)
            written.append(Written(path, sha256_of(path), manifest))
        except (AccesSoinsError, TypeError, ValueError):
            faults.append(Fault(_shown(path), "un manifeste", "un fichier illisible", RESTORE))
    return sorted(written, key=lambda one: one.manifest.rang), faults


def _untold(written: list[Written], arrivals: list[dict]) -> Iterator[Fault]:
    """Manifests that the register did not tell as they are; those before its first line are chained only."""
    first = min((event["rang"] for event in arrivals), default=None)
    for one in written:
        told = [event["manifeste"] for event in arrivals if event["rang"] == one.manifest.rang]
        if first is not None and one.manifest.rang >= first and one.sha256 not in told:
            expected = (
                f"l'empreinte {told[-1][:12]} inscrite à son arrivée" if told else "une arrivée inscrite"
            )
            action = f"{RESTORE} {SLIPPED_IN}"
            yield Fault(_shown(one.path), expected, f"l'empreinte {one.sha256[:12]}", action)


def _misplaced(written: list[Written]) -> Iterator[Fault]:
    for one in written:
        place = (*one.manifest.source.split("."), one.manifest.edition, one.manifest.sha256[:12])
        if one.home.parts[-4:] != place:
            yield Fault(_shown(one.path), f"dans {'/'.join(place)}", "ici", SLIPPED_IN)


def _broken_links(written: list[Written]) -> Iterator[Fault]:
    """Ranks follow one another from 1, and each manifest holds the hash of the one before it."""
    by_rank: dict[int, Written] = {}
    for one in written:
        rank = one.manifest.rang
        if rank in by_rank:
            yield Fault(_shown(one.path), f"un seul manifeste de rang {rank}", "un second", SLIPPED_IN)
        by_rank.setdefault(rank, one)
    for rank, one in by_rank.items():
        before = by_rank.get(rank - 1)
        if rank == 1 and one.manifest.precedent is not None:
            yield Fault(_shown(one.path), "aucun précédent au rang 1", one.manifest.precedent[:12], RESTORE)
        elif before and one.manifest.precedent != before.sha256:
            expected = (
                f"l'empreinte {str(one.manifest.precedent)[:12]}, que le manifeste de rang {rank} a inscrite"
            )
            yield Fault(_shown(before.path), expected, f"l'empreinte {before.sha256[:12]}", RESTORE)


def _missing(
    name: str, written: list[Written], arrivals: list[dict], extractions: list[dict]
) -> Iterator[Fault]:
    """Ranks that are skipped, and editions that an extraction told: what was removed."""
    folder = get_settings().landing.joinpath(*name.split(".", 1))
    told = {event["rang"]: event for event in arrivals}
    ranks = {one.manifest.rang for one in written}
    action = "Cette édition a été retirée : la reprendre d'une sauvegarde (acces-soins restore)."
    for rank in range(1, max(ranks, default=0)):
        if rank not in ranks:
            known = told.get(rank)
            place = folder / known["edition"] / known["sha256"][:12] if known else folder
            yield Fault(_shown(place), f"le manifeste de rang {rank}", "aucun", action)
    hashes = {one.manifest.sha256 for one in written}
    for event in extractions:
        if event["sha256"] not in hashes:
            place = folder / event["edition"] / event["sha256"][:12]
            yield Fault(_shown(place), f"l'édition reçue la nuit {event['nuit']}", "aucune", action)


def _wrong_bytes(written: list[Written]) -> Iterator[Fault]:
    for one in written:
        manifest = one.manifest
        if one.pruned:
            continue
        for path, expected in (
            (one.home / manifest.fichier, manifest.sha256),
            (one.home / TABLE, manifest.table_sha256),
        ):
            found = sha256_of(path) if path.is_file() else None
            if found is None or (expected and found != expected):
                yield Fault(
                    _shown(path),
                    f"l'empreinte {expected[:12]}" if expected else "la table lue",
                    f"l'empreinte {found[:12]}" if found else "aucun fichier",
                    RESTORE,
                )


def _wrongly_pruned(name: str, written: list[Written]) -> Iterator[Fault]:
    """Bytes said to be pruned that the rule of the source keeps: a removal in disguise."""
    source = load_sources().get(name)
    if source is None:
        return
    kept = _kept_ranks(source, [one.manifest for one in written])
    for one in written:
        if one.pruned and one.manifest.rang in kept:
            expected = f"les octets, que la règle « {source.meta['archivage']} » garde"
            yield Fault(_shown(one.home / PRUNED), expected, "des octets élagués", RESTORE)


def _kept_ranks(source: Source, manifests: list[Manifest]) -> set[int]:
    if source.meta["archivage"] == "toutes":
        return {manifest.rang for manifest in manifests}
    return retention.kept(manifests)


def _strangers(folder: Path, written: list[Written]) -> Iterator[Fault]:
    """Files that no manifest names."""
    known = {one.path for one in written} | set(manifest_paths(folder))
    for one in written:
        known |= {one.home / one.manifest.fichier, one.home / TABLE, one.home / PRUNED}
    for path in sorted(folder.rglob("*")):
        household = path.relative_to(folder).parts[0] in HOUSEHOLD
        if path.is_file() and path not in known and not household:
            yield Fault(_shown(path), "un manifeste qui nomme ce fichier", "aucun", SLIPPED_IN)


def _prove_root(root: Path) -> list[Proof]:
    """Files that lie beside the sources' folders: there should be none."""
    loose = [path for depth in ("*", "*/*") for path in sorted(root.glob(depth)) if path.is_file()]
    faults = [Fault(_shown(path), "un dossier de source", "un fichier", SLIPPED_IN) for path in loose]
    return [Proof("hors des sources", len(loose), 0, 0, tuple(faults))] if loose else []


def _prove_register() -> Proof:
    faults = tuple(history.faults())
    count = len(history.events())
    return Proof(REGISTER, count, len(history.recorded()) - len(faults) if count else 0, 0, faults)


def _shown(path: Path) -> str:
    """A path below the data directory, as an operator looks for it."""
    root = get_settings().root
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
