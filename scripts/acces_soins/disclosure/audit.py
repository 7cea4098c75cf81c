"""The attacker's audit of what would be published, as checks of the second border."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from acces_soins.disclosure.attacker import exposed
from acces_soins.disclosure.masks import UNJUDGED
from acces_soins.disclosure.points import QUARTER_OF_POINT, read_points, read_published_before
from acces_soins.disclosure.producer_masks import given_away
from acces_soins.disclosure.rules import PRIMARY, FrequencyRule, frequency_rules
from acces_soins.disclosure.tables import Key
from acces_soins.errors import RefusedInput
from acces_soins.quality.results import CRITICAL, FAILED, MAX_EXAMPLES, PASSED, WARNING, CheckResult

SUITE = "publication/secret"
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
        return [*_audit_rules(connection, rules, run), _audit_producers(connection, run)]


def _audit_rules(
    connection: duckdb.DuckDBPyConnection, rules: Mapping[str, FrequencyRule], run: str
) -> Iterable[CheckResult]:
    if not rules:
        return
    points = read_points(
        connection.sql("select * from intermediaire.int_indicateurs__points"),
        connection.sql("select * from marts.territoires"),
        rules,
    )
    published = _published(connection, rules)
    # A confidential count in clear is found at once: it is attacked with the others.
    bare = dict.fromkeys(points.table.confidential & published.known, PRIMARY)
    masks = {key: why for key, why in published.masks.items() if why != UNJUDGED} | bare
    found = exposed(points.table, masks, published.known)
    yield _result(
        run,
        "secret_intervalle_de_protection",
        CRITICAL,
        [_example(key) for key in sorted(found)],
        expected="chaque effectif masqué garde, par tout ce qui est publié, son intervalle de protection",
        passed=f"{len(masks)} effectif(s) masqué(s), tous attaqués, aucun retrouvé",
        failed="effectif(s) masqué(s) que les chiffres publiés retrouvent de trop près",
        action="Ne pas publier : chercher l'indicateur lié qui les donne et le mettre sous la même règle.",
    )
    before = read_published_before(connection.sql("select * from registre.valeurs"), points)
    told = exposed(points.table, masks, published.known | before) if before - published.known else {}
    yield _result(
        run,
        "secret_deja_publie",
        WARNING,
        [_example(key) for key in sorted(told) if key not in found],
        expected="les publications antérieures ne rendent aucun effectif masqué",
        passed="aucun effectif masqué que les publications antérieures rendent",
        failed="effectif(s) masqué(s) que des publications antérieures rendent",
        action="Ce qui est sorti ne se reprend pas : le dire au partenaire ; la publication reste protégée.",
    )


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


def _audit_producers(connection: duckdb.DuckDBPyConnection, run: str) -> CheckResult:
    return _result(
        run,
        "masque_rendu_par_le_producteur",
        WARNING,
        given_away(connection),
        expected="aucun masque d'un producteur que ses propres totaux rendent",
        passed="aucun masque de producteur que ses totaux rendent",
        failed="masque(s) que le producteur rend par ses totaux",
        action="Le signaler au producteur ; rien n'en est déduit ici et le masque reste.",
    )


def _example(key: Key) -> dict:
    """Who and when, never how much: the checks are published."""
    return {
        "code_indicateur": key.group,
        "niveau": key.level,
        "code_territoire": key.territory,
        "trimestre": key.quarter,
    }


def _result(
    run: str,
    name: str,
    severity: str,
    examples: list[dict],
    expected: str,
    passed: str,
    failed: str,
    action: str,
) -> CheckResult:
    observed = f"{len(examples)} {failed}" if examples else passed
    sentence = RefusedInput(
        file="marts.indicateurs_trimestriels",
        place="secret statistique",
        expected=expected,
        found=observed,
        action=action,
    )
    return CheckResult(
        run=run,
        suite=SUITE,
        controle=name,
        severite=severity,
        attendu=expected,
        observe=observed,
        resultat=FAILED if examples else PASSED,
        exemples=examples[:MAX_EXAMPLES],
        phrase=str(sentence),
    )
