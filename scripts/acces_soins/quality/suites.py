"""Suites of checks: hand-written YAML, read, validated and expanded into concrete checks.

An entry reads ``controle``, ``severite`` (critique | avertissement, never implied), ``type`` (a Great
Expectations class), ``parametres`` (its arguments), ``requete`` (one SQL query that gives the frame
to judge), ``attendu``, ``que_faire``, ``lieu`` and, when it repeats, ``pour_chaque``. Arguments that
belong to the catalogue are references: ``{catalogue: bornes.min}``, ``{referentiel: departement}``. An entry
that is ``reserve`` publishes its verdict alone: what it found stays with the operator.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from string import Template

from acces_soins.catalog import read_yaml
from acces_soins.errors import ConfigurationError
from acces_soins.quality.results import CRITICAL, WARNING
from acces_soins.settings import PROJECT

EXPECTATIONS = PROJECT / "expectations"
TERRITORIES = PROJECT / "dbt_project" / "seeds" / "ref_territoires.csv"
REQUIRED = ("controle", "severite", "type", "requete", "attendu", "que_faire")
OPTIONAL = ("parametres", "pour_chaque", "parmi", "exige", "sauf", "lieu", "observe", "reserve")


@dataclass(frozen=True)
class Entry:
    """One entry of a suite as written, with the file that it comes from."""

    path: Path
    node: dict = field(hash=False)

    @property
    def name(self) -> str:
        return self.node["controle"]

    @property
    def severity(self) -> str:
        return self.node["severite"]


@dataclass(frozen=True)
class Check:
    """One concrete check: every reference resolved, every ``$name`` replaced."""

    name: str
    severity: str
    type: str
    arguments: dict = field(hash=False)
    query: str = ""
    expected: str = ""
    action: str = ""
    place: str = ""
    observed: str = ""
    reserved: bool = False


@dataclass(frozen=True)
class Scope:
    """What a border offers to its suites.

    ``catalogue`` resolves ``{catalogue: …}``, ``texts`` resolves ``$name`` in texts and queries,
    ``lists`` are the lists that ``pour_chaque`` may name (each element: ``id``, ``texts`` and
    ``catalogue``), ``facts`` are the conditions of ``exige`` and ``sauf``.
    """

    catalogue: dict
    texts: dict
    lists: dict[str, list[dict]]
    facts: frozenset[str]


def load_suite(path: Path) -> list[Entry]:
    """The entries of one suite file; raises ConfigurationError naming the file and the entry."""
    entries = [Entry(path, node) for node in read_yaml(path).get("controles", [])]
    for rank, entry in enumerate(entries, start=1):
        _validate(entry, rank)
    names = [entry.name for entry in entries]
    if doubles := {name for name in names if names.count(name) > 1}:
        raise ConfigurationError(f"{path.name} : contrôle écrit deux fois : {', '.join(sorted(doubles))}.")
    return entries


def _validate(entry: Entry, rank: int) -> None:
    label = f"{entry.path.name}, entrée {rank} « {entry.node.get('controle', 'sans nom')} »"
    if "severite" in entry.node and entry.severity not in (CRITICAL, WARNING):
        raise ConfigurationError(
            f"{label} : sévérité « {entry.severity} » inconnue. Attendu {CRITICAL} ou {WARNING}."
        )
    if missing := [key for key in REQUIRED if not entry.node.get(key)]:
        raise ConfigurationError(f"{label} : il manque {', '.join(missing)}.")
    if unknown := sorted(set(entry.node) - {*REQUIRED, *OPTIONAL}):
        raise ConfigurationError(f"{label} : clé inconnue : {', '.join(unknown)}.")


def expand(entries: Iterable[Entry], scope: Scope) -> list[Check]:
    """The concrete checks of these entries; raises ConfigurationError on a reference to nothing."""
    return [check for entry in entries for check in _expanded(entry, scope)]


def elements_of(entry: Entry, scope: Scope) -> list[dict]:
    """The elements that an entry repeats over; one neutral element when it does not repeat."""
    wanted = entry.node.get("pour_chaque")
    if wanted is None:
        return [{"id": "", "texts": {}, "catalogue": {}}]
    if wanted not in scope.lists:
        raise ConfigurationError(f"{_label(entry)} : liste inconnue « {wanted} ».")
    elements = scope.lists[wanted]
    if chosen := entry.node.get("parmi"):
        if unknown := sorted(set(chosen) - {e["id"] for e in elements}):
            raise ConfigurationError(f"{_label(entry)} : {', '.join(unknown)} : absent du catalogue.")
        return [e for e in elements if e["id"] in chosen]
    return elements


def applies(entry: Entry, scope: Scope) -> bool:
    """Whether the facts of this run ask for the entry."""
    wanted, excluded = set(entry.node.get("exige", ())), set(entry.node.get("sauf", ()))
    return wanted <= scope.facts and not excluded & scope.facts


def _expanded(entry: Entry, scope: Scope) -> list[Check]:
    if not applies(entry, scope):
        return []
    checks = []
    for element in elements_of(entry, scope):
        resolver = _Resolver(
            _label(entry), {**scope.catalogue, **element["catalogue"]}, {**scope.texts, **element["texts"]}
        )
        node = entry.node
        checks.append(
            Check(
                name=f"{entry.name}__{element['id']}" if element["id"] else entry.name,
                severity=entry.severity,
                type=node["type"],
                arguments={k: resolver.value(v) for k, v in node.get("parametres", {}).items()},
                query=resolver.text(node["requete"]),
                expected=resolver.text(node["attendu"]),
                action=resolver.text(node["que_faire"]),
                place=resolver.text(node.get("lieu", "ensemble")),
                observed=resolver.text(node.get("observe", "")),
                reserved=node.get("reserve", False),
            )
        )
    return checks


def _label(entry: Entry) -> str:
    return f"{entry.path.name}, entrée « {entry.name} »"


@dataclass(frozen=True)
class _Resolver:
    label: str
    catalogue: dict
    texts: dict

    def text(self, template: str) -> str:
        try:
            return Template(template.strip()).substitute(self.texts)
        except (KeyError, ValueError) as error:
            raise ConfigurationError(f"{self.label} : « {error} » ne désigne rien.") from error

    def value(self, value):
        if isinstance(value, dict):
            return self._reference(value)
        if isinstance(value, list):
            resolved = [(item, self.value(item)) for item in value]
            return [v for item, got in resolved for v in (got if isinstance(item, dict) else [got])]
        return self.text(value) if isinstance(value, str) else value

    def _reference(self, reference: dict):
        if set(reference) == {"catalogue"}:
            return self._catalogue(reference["catalogue"])
        if set(reference) == {"referentiel"}:
            return list(referential(self.text(reference["referentiel"])))
        raise ConfigurationError(f"{self.label} : référence inconnue {reference}.")

    def _catalogue(self, path: str):
        found = self.catalogue
        for step in path.split("."):
            if not isinstance(found, dict) or step not in found:
                raise ConfigurationError(f"{self.label} : « {path} » est absent du catalogue.")
            found = found[step]
        return found


@lru_cache(maxsize=8)
def referential(name: str) -> tuple[str, ...]:
    """Codes of the territories: ``departement``, ``region``, ``france``, ``departement_finess``, ``iso``."""
    with TERRITORIES.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    departments = [row for row in rows if row["niveau"] == "departement"]
    if name == "departement_finess":
        return tuple(row["code_finess"] or row["code_territoire"] for row in departments)
    if name == "iso":
        return tuple(row["code_iso_3166_2"] for row in departments)
    codes = tuple(row["code_territoire"] for row in rows if row["niveau"] == name)
    if not codes:
        raise ConfigurationError(f"référentiel inconnu : « {name} ».")
    return codes
