"""The rules of the catalogue, and what no published table may read."""

import re

import pytest

from acces_soins.catalog import Indicator, get_source, load_indicators
from acces_soins.disclosure.masks import COLUMNS
from acces_soins.disclosure.rules import frequency_rules
from acces_soins.errors import ConfigurationError
from acces_soins.settings import PROJECT
from acces_soins.warehouse import published_relations

DBT = PROJECT / "dbt_project"
REF = re.compile(r"""ref\(['"](\w+)['"]""")
MACRO = re.compile(r"{%-? macro (\w+)\(.*?{%-? endmacro -?%}", re.DOTALL)
GOOD = {"regle": "seuil_frequence", "seuil": 11, "effectif": "valeur"}


def catalogue(**rules):
    return {code: Indicator(code, "t", "", {"confidentialite": rule}) for code, rule in rules.items()}


def test_only_the_frequency_rule_is_worked_on():
    rules = frequency_rules(catalogue(a=GOOD, b={"regle": "aucune"}, c={"regle": "producteur", "seuil": 5}))
    assert list(rules) == ["a"]
    assert (rules["a"].threshold, rules["a"].measure, rules["a"].group) == (11, "valeur", "a")


def test_indicators_of_one_count_share_its_group():
    rules = frequency_rules(catalogue(a=GOOD, b=GOOD | {"effectif": "numerateur", "meme_effectif_que": "a"}))
    assert rules["b"].group == "a"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seuil": None}, "seuil entier d'au moins 3"),
        ({"seuil": 2}, "seuil entier d'au moins 3"),
        ({"effectif": "population"}, "effectif parmi valeur, numerateur, denominateur"),
        ({"meme_effectif_que": "inconnu"}, "« inconnu » n'a pas de règle seuil_frequence"),
        (
            {"contributeurs_minimum": "trois"},
            "contributeurs_minimum : attendu un nombre entier ; trouvé trois",
        ),
        ({"contributeurs": 3}, "attendu contributeurs_minimum, effectif.* ; trouvé contributeurs"),
        ({"total_annuel_de": "b"}, "« b » n'a pas de règle seuil_frequence"),
    ],
)
def test_a_wrong_rule_is_refused(wrong, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        frequency_rules(catalogue(a=GOOD | wrong, b=GOOD | {"seuil": 5}))


def test_a_deposit_without_a_rule_speaks_of_nobody():
    """What no open source gives is somebody's file: without a mask only when it counts places."""
    bare = {
        code: indicator.meta["confidentialite"]["raison"]
        for code, indicator in load_indicators().items()
        if indicator.meta["confidentialite"]["regle"] == "aucune"
        and all(get_source(source).is_deposited for source in indicator.meta["sources"])
    }
    assert bare and all(why.endswith("aucune personne") for why in bare.values())


def test_the_trial_has_a_confidential_deposit():
    rule = frequency_rules()["nb_consultations_solidarite"]
    assert load_indicators()[rule.code].meta["sources"][0] == "ministere.solidarite_territoriale"


def test_published_tables_read_confidential_figures_after_they_are_masked_only():
    """From any published table, every way to a confidential indicator goes through the masked series."""
    macros = {
        match[1]: match[0] for path in DBT.glob("macros/*.sql") for match in MACRO.finditer(path.read_text())
    }
    models = {
        path.stem: path.read_text() for path in DBT.glob("models/**/*.*") if path.suffix in (".sql", ".py")
    }

    def refs(text: str, seen: frozenset = frozenset()) -> set[str]:
        called = {name for name in macros if f"{name}(" in text} - seen
        return set(REF.findall(text)).union(*(refs(macros[name], seen | called) for name in called))

    sources = {
        s.replace(".", "__") for code in frequency_rules() for s in load_indicators()[code].meta["sources"]
    }
    closed = {"int_indicateurs__points", *(f"ind_{code}" for code in frequency_rules())}
    closed |= {f"stg_{name}" for name in sources}
    assert closed <= set(models)
    # The masks themselves hold who is masked and why, no figure.
    assert not set(COLUMNS) & {"valeur", "numerateur", "denominateur"}
    gates = {"int_indicateurs__series", "int_indicateurs__masques"}
    reached, waiting = set(), set(published_relations())
    while waiting:
        reached |= waiting
        waiting = set().union(*(refs(models.get(name, "")) for name in waiting - gates))
        waiting -= reached
    assert gates <= reached
    assert not reached & closed


def test_what_was_published_before_is_read_under_the_masks_of_today():
    """Whoever reads the register of values withdraws what is covered, or gives today's rows and keys only."""
    readers = {
        path.stem
        for path in DBT.glob("models/**/*.sql")
        if "source('registre', 'valeurs')" in path.read_text() and "points_secrets()" not in path.read_text()
    }
    assert readers == {"int_valeurs__changements"}
