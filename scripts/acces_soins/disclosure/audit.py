"""The attacker's audit of what would be published, as a suite of its own (``expectations/secret``)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from acces_soins.disclosure.attacker import exposed
from acces_soins.disclosure.masks import UNJUDGED
from acces_soins.disclosure.points import QUARTER_OF_POINT, read_past, read_points
from acces_soins.disclosure.producer_masks import given_away
from acces_soins.disclosure.rules import FREQUENCY, FrequencyRule, frequency_rules
from acces_soins.disclosure.tables import Key
from acces_soins.quality.engine import run_checks
from acces_soins.quality.results import CheckResult
from acces_soins.quality.suites import EXPECTATIONS, Scope, expand, load_suite

SUITE = EXPECTATIONS / "secret" / "chiffres_masques.yml"
LABEL, FILE = "secret/chiffres_masques", "marts.indicateurs_trimestriels"
# Who and when, never how much: the pages of the checks are read by people too.
CELL = "code_indicateur VARCHAR, niveau VARCHAR, code_territoire VARCHAR, trimestre VARCHAR"
FIGURES = "valeur, borne_basse, borne_haute, numerateur, denominateur, evolution, evolution_pct"
# A change since a masked point gives that point; every figure of a masked row gives the row.
PUBLISHED = f"""
select
    code_indicateur,
    niveau,
    code_territoire,
    {QUARTER_OF_POINT} as trimestre,
    motif = 'secret' as est_secret,
    statut_conf,
    coalesce({FIGURES}) is not null as a_un_chiffre,
    case
        when evolution is not null or evolution_pct is not null
            then {QUARTER_OF_POINT.replace("date_reference", "date_reference_precedente")}
    end as trimestre_precedent
from marts.indicateurs_trimestriels
where date_reference is not null and code_indicateur in ({{codes}})
"""


@dataclass(frozen=True)
class Published:
    """What a reader sees of the counts: masked and why, known, known through a change."""

    masks: Mapping[Key, str]
    known: frozenset[Key]


@dataclass(frozen=True)
class Findings:
    """What the attacker found: counts from what would be published, and from earlier publications besides.

    ``attacked`` is how many masked counts he tried.
    """

    attacked: int = 0
    found: list[Key] = field(default_factory=list)
    told_before: list[Key] = field(default_factory=list)


def audit(database: Path, run: str) -> list[CheckResult]:
    """Attack what a private build would publish; the results go with those of the other checks.

    Args:
        database: the private build, that nobody writes.
        run: id of the night or of the command.

    Critical: a masked count that the published figures leave narrower than its protection interval.
    Warnings: one that earlier publications give, and a mask that its own producer gives away.
    """
    rules = frequency_rules()
    with duckdb.connect(str(database), read_only=True) as connection:
        findings = _attack(connection, rules) if rules else Findings()
        by_producer = given_away(connection)
    scope = Scope({}, {"attaques": str(findings.attacked)}, {}, frozenset({FREQUENCY} if rules else ()))
    with duckdb.connect() as connection:
        _tell(connection, "effectifs_retrouves", findings.found)
        _tell(connection, "effectifs_deja_publies", findings.told_before)
        _tell(connection, "masques_rendus", (tuple(mask.values()) for mask in by_producer))
        return run_checks(expand(load_suite(SUITE), scope), connection, run, LABEL, FILE)


def _tell(connection: duckdb.DuckDBPyConnection, table: str, cells: Iterable[tuple]) -> None:
    connection.execute(f"CREATE TABLE {table} ({CELL})")
    if rows := [list(cell)[:4] for cell in cells]:
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", rows)


def _attack(connection: duckdb.DuckDBPyConnection, rules: Mapping[str, FrequencyRule]) -> Findings:
    points = read_points(
        connection.sql("select * from intermediaire.int_indicateurs__points"),
        connection.sql("select * from marts.territoires"),
        rules,
    )
    published = _published(connection, rules)
    # A confidential count in clear is found at once: it is attacked with the others.
    bare = {key: points.table.reason(key) for key in points.table.confidential & published.known}
    masks = {key: why for key, why in published.masks.items() if why != UNJUDGED} | bare
    found = exposed(points.table, masks, published.known)
    past = read_past(connection.sql("select * from registre.valeurs"), points)
    told = exposed(past.table, masks, published.known | past.known) if past.known - published.known else {}
    return Findings(len(masks), sorted(found), sorted(key for key in told if key not in found))


def _published(connection: duckdb.DuckDBPyConnection, codes: Mapping[str, FrequencyRule]) -> Published:
    listed = ", ".join(f"'{code}'" for code in sorted(codes))
    masks, known = {}, set()
    for code, level, place, quarter, secret, why, figure, before in connection.execute(
        PUBLISHED.format(codes=listed)
    ).fetchall():
        key = Key(codes[code].group, level, place, quarter)
        if secret:
            masks[key] = why
        if figure:
            known.add(key)
        if before:
            known.add(key._replace(quarter=before))
    return Published(masks, frozenset(known))
