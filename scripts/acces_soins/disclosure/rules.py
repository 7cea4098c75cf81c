"""The frequency rule of an indicator, as the catalogue writes it, and what it asks of a masked count."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from acces_soins.catalog import Indicator, load_indicators
from acces_soins.errors import ConfigurationError

NONE, PRODUCER, FREQUENCY = "aucune", "producteur", "seuil_frequence"
RULES = (NONE, PRODUCER, FREQUENCY)
PRIMARY, CONTRIBUTORS, SECONDARY = "secret_primaire", "secret_contributeurs", "secret_secondaire"
MEASURES = ("valeur", "numerateur", "denominateur")
FIELDS = {"regle", "seuil", "effectif", "meme_effectif_que", "total_annuel_de", "contributeurs_minimum"}
LOWEST_THRESHOLD = 3  # under it, to say that a count is masked is to give it
MARGIN = 0.1  # of a count that too few contributors made, on either side: FREQ(3, 10) of INSEE and Tau-Argus


@dataclass(frozen=True)
class FrequencyRule:
    """A count from 1 to ``threshold`` − 1 is confidential, and so is one of fewer than ``contributors``.

    ``measure`` is the column that counts people or acts; indicators of the same ``group`` show the
    same count and are masked together; ``annual_of`` names the group whose four quarters this one adds up.
    """

    code: str
    threshold: int
    measure: str
    group: str
    annual_of: str | None = None
    contributors: int = 0


def frequency_rules(indicators: Mapping[str, Indicator] | None = None) -> dict[str, FrequencyRule]:
    """The indicators under rule ``seuil_frequence``, by code; all of the catalogue when none are given.

    Raises ConfigurationError when a rule lacks a field or names an indicator without such a rule.
    """
    known = load_indicators() if indicators is None else indicators
    said = {code: each.meta["confidentialite"] for code, each in known.items()}
    said = {code: rule for code, rule in said.items() if rule["regle"] == FREQUENCY}
    return {code: _rule(code, rule, said) for code, rule in said.items()}


def protection_width(threshold: int) -> int:
    """How wide the interval left of a confidential count must be: half of what the rule hides.

    An attacker knows that the count is between 1 and ``threshold`` − 1. It is a sliding protection level
    (Fischetti and Salazar, « Models and algorithms for optimizing cell suppression in tabular data », JASA,
    2000; Hundepool et al., Statistical Disclosure Control, Wiley, 2012, chapter 4).
    """
    return (threshold - 1) // 2


def protection_interval(count: float, threshold: int) -> tuple[float, float]:
    """Such an interval around the count, inside what the rule says: what is asked of the engine."""
    width = protection_width(threshold)
    low = max(1, min(count - width // 2, threshold - 1 - width))
    return low, low + width


def margin_width(count: float, threshold: int) -> int:
    """How wide the interval left of a count that too few contributors made: one of them knows his own part.

    Ten per cent on either side (INSEE, « La protection des tableaux », rule FREQ(3, 10) of Tau-Argus), and
    never less than for a small count.
    """
    return max(protection_width(threshold), math.ceil(2 * MARGIN * count))


def margin_interval(count: float, threshold: int) -> tuple[float, float]:
    """Such an interval around the count, never under the threshold: its label tells that much."""
    width = margin_width(count, threshold)
    low = max(threshold, count - width // 2)
    return low, low + width


def _rule(code: str, rule: dict, known: Mapping[str, dict]) -> FrequencyRule:
    threshold, measure = rule.get("seuil"), rule.get("effectif")
    if not isinstance(threshold, int) or threshold < LOWEST_THRESHOLD or measure not in MEASURES:
        raise ConfigurationError(
            f"indicateur « {code} » : attendu, sous « confidentialite », un seuil entier d'au moins "
            f"{LOWEST_THRESHOLD} et un effectif parmi {', '.join(MEASURES)} ; trouvé {rule}. "
            "Compléter son YAML."
        )
    if unknown := sorted(set(rule) - FIELDS):
        raise ConfigurationError(
            f"indicateur « {code} », sous « confidentialite » : attendu {', '.join(sorted(FIELDS))} ; trouvé "
            f"{', '.join(unknown)}. Corriger son YAML."
        )
    contributors = rule.get("contributeurs_minimum", 0)
    if not isinstance(contributors, int) or contributors < 0:
        raise ConfigurationError(
            f"indicateur « {code} », contributeurs_minimum : attendu un nombre entier ; trouvé "
            f"{contributors}. Corriger son YAML."
        )
    for field in ("meme_effectif_que", "total_annuel_de"):
        other = rule.get(field)
        if other is not None and (other not in known or known[other].get("seuil") != threshold):
            raise ConfigurationError(
                f"indicateur « {code} », {field} : « {other} » n'a pas de règle {FREQUENCY} au même seuil. "
                "Nommer un indicateur sous la même règle."
            )
    group = rule.get("meme_effectif_que", code)
    return FrequencyRule(code, threshold, measure, group, rule.get("total_annuel_de"), contributors)
